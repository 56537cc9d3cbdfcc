import { Injectable } from '@nestjs/common';
import { spendCapsContract } from '@xerotier/contracts/auth';
import type { SpendCapRecord } from '@xerotier/contracts/auth';
import { Serves } from '@xerotier/service-host';
import { SpendCapsService } from './spend-caps.service.ts';
import type { SpendCapsInput } from './spend-caps.service.ts';

const operations = spendCapsContract.operations;

/** Serves the spend caps contract. */
@Injectable()
export class SpendCapsHandlers {
  constructor(private readonly spendCaps: SpendCapsService) {}

  @Serves(operations.getSpendCap)
  get(input: SpendCapsInput<'getSpendCap'>): Promise<SpendCapRecord> {
    return this.spendCaps.get(input);
  }

  @Serves(operations.setSpendCap)
  set(input: SpendCapsInput<'setSpendCap'>): Promise<SpendCapRecord> {
    return this.spendCaps.set(input);
  }
}
