import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { withEveryTenant } from '@xerotier/db';
import type { Logger } from '@xerotier/log';
import { LOGGER } from '@xerotier/service-host';
import { DataSource } from 'typeorm';
import { RecordedUses } from '../maintenance/recorded-uses.ts';
import { ApiKeysRepository } from './api-keys.repository.ts';

/** When API keys were last used. */
@Injectable()
export class KeyUses extends RecordedUses {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    @Inject(LOGGER) log: Logger,
  ) {
    super('api key', log);
  }

  protected override write(uses: ReadonlyMap<string, Date>): Promise<void> {
    return withEveryTenant(this.database, (manager) => new ApiKeysRepository(manager).recordUses(uses));
  }
}
