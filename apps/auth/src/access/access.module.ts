import { Module } from '@nestjs/common';
import { ApiKeysModule } from '../api-keys/api-keys.module.ts';
import { AccessHandlers } from './access.handlers.ts';
import { AccessRepository } from './access.repository.ts';
import { AccessService } from './access.service.ts';

@Module({
  imports: [ApiKeysModule],
  providers: [AccessHandlers, AccessService, AccessRepository],
})
export class AccessModule {}
