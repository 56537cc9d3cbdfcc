import { Injectable } from '@nestjs/common';
import { bootstrapContract } from '@xerotier/contracts/auth';
import type { AccountRecord } from '@xerotier/contracts/auth';
import { Serves } from '@xerotier/service-host';
import { BootstrapService } from './bootstrap.service.ts';
import type { BootstrapInput, BootstrapOutput } from './bootstrap.service.ts';

const operations = bootstrapContract.operations;

/** Serves the bootstrap contract. */
@Injectable()
export class BootstrapHandlers {
  constructor(private readonly bootstrap: BootstrapService) {}

  @Serves(operations.registerAdmin)
  register(input: BootstrapInput<'registerAdmin'>): Promise<BootstrapOutput<'registerAdmin'>> {
    return this.bootstrap.register(input);
  }

  @Serves(operations.promoteToAdmin)
  promote(input: BootstrapInput<'promoteToAdmin'>): Promise<AccountRecord> {
    return this.bootstrap.promote(input);
  }
}
