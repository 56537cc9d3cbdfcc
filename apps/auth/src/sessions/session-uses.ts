import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from '@xerotier/log';
import { LOGGER } from '@xerotier/service-host';
import { DataSource } from 'typeorm';
import { RecordedUses } from '../maintenance/recorded-uses.ts';
import { SessionsRepository } from './sessions.repository.ts';

/** When sessions were last seen. */
@Injectable()
export class SessionUses extends RecordedUses {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    @Inject(LOGGER) log: Logger,
  ) {
    super('session', log);
  }

  protected override write(uses: ReadonlyMap<string, Date>): Promise<void> {
    return new SessionsRepository(this.database.manager).recordSeen(uses);
  }
}
