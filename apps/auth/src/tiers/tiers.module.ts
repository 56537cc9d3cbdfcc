import { Module } from '@nestjs/common';
import { ChangesModule } from '../changes/changes.module.ts';
import { PricesService } from './prices.service.ts';
import { TiersHandlers } from './tiers.handlers.ts';
import { TiersService } from './tiers.service.ts';

@Module({ imports: [ChangesModule], providers: [TiersService, PricesService, TiersHandlers] })
export class TiersModule {}
