import { Injectable } from '@nestjs/common';
import { usageRecorded } from '@xerotier/contracts/inference';
import type { UsageRecord } from '@xerotier/contracts/inference';
import { Consumes } from '@xerotier/service-host';
import { UsageService } from './usage.service.ts';

/** Replicas share this name, and so the work. */
export const LEDGER_CONSUMER = 'auth-ledger';

/**
 * Moves usage from JetStream into the ledger. Acknowledged after the commit, so usage is redelivered until it is
 * stored.
 */
@Injectable()
export class UsageConsumer {
  constructor(private readonly usage: UsageService) {}

  @Consumes(usageRecorded, { durable: LEDGER_CONSUMER })
  record(records: UsageRecord[]): Promise<void> {
    return this.usage.record(records);
  }
}
