import { Module } from '@nestjs/common';
import { ChangesModule } from '../changes/changes.module.ts';
import { EndpointsHandlers } from './endpoints.handlers.ts';
import { EndpointsService } from './endpoints.service.ts';

@Module({ imports: [ChangesModule], providers: [EndpointsHandlers, EndpointsService] })
export class EndpointsModule {}
