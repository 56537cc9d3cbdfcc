import { Module } from '@nestjs/common';
import { ChangesModule } from '../changes/changes.module.ts';
import { SessionsModule } from '../sessions/sessions.module.ts';
import { MembersHandlers } from './members.handlers.ts';
import { MembersService } from './members.service.ts';

@Module({ imports: [ChangesModule, SessionsModule], providers: [MembersService, MembersHandlers] })
export class MembersModule {}
