import { Injectable } from '@nestjs/common';
import { authContract } from '@xerotier/contracts/auth';
import type { Access } from '@xerotier/contracts/auth';
import { Serves } from '@xerotier/service-host';
import { AccessService } from './access.service.ts';
import type { AccessRequest } from './access.service.ts';

/** The auth contract on the bus. */
@Injectable()
export class AccessHandlers {
  constructor(private readonly access: AccessService) {}

  @Serves(authContract.operations.authorize)
  authorize(input: AccessRequest): Promise<Access> {
    return this.access.authorize(input);
  }
}
