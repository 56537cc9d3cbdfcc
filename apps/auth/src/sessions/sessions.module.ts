import { Module } from '@nestjs/common';
import { SessionUses } from './session-uses.ts';
import { SessionsHandlers } from './sessions.handlers.ts';
import { SessionsService } from './sessions.service.ts';

@Module({ providers: [SessionsService, SessionUses, SessionsHandlers], exports: [SessionsService] })
export class SessionsModule {}
