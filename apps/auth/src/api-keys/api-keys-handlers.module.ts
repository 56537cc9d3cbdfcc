import { Module } from '@nestjs/common';
import { ApiKeysHandlers } from './api-keys.handlers.ts';
import { ApiKeysModule } from './api-keys.module.ts';

/** API keys on the bus; commands import `ApiKeysModule` alone. */
@Module({ imports: [ApiKeysModule], providers: [ApiKeysHandlers] })
export class ApiKeysHandlersModule {}
