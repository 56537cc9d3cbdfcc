import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { withDbErrors } from '@xerotier/db';
import type { Logger } from '@xerotier/log';
import { LOGGER } from '@xerotier/service-host';
import { DataSource } from 'typeorm';
import { SecretBox } from '../secrets/secret-box.ts';
import { totpContext } from './second-factor-check.ts';

/** Late enough that after a rotation all replicas have the new key. */
const INTERVAL_MS = 10 * 60 * 1_000;
const BATCH_MAX = 100;

interface SealedSecret {
  readonly account_id: string;
  readonly secret: Buffer;
}

/**
 * Seals the secrets of authenticator apps with the current master key, every ten minutes. They are kept for years: after a rotation
 * they must open without the previous key.
 */
@Injectable()
export class TotpResealing implements OnApplicationBootstrap, OnModuleDestroy {
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #isStopping = false;

  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly secrets: SecretBox,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => {
      this.#running = this.reseal().then(
        () => undefined,
        (error: unknown) => this.log.warn('totp secrets not resealed, retrying', { error }),
      );
    }, INTERVAL_MS).unref();
  }

  /** While connections are still open. */
  async onModuleDestroy(): Promise<void> {
    clearInterval(this.#timer);
    this.#isStopping = true;
    await this.#running;
  }

  /** Returns how many were sealed with another key. Those whose key is unknown stay as they are. @throws {AppError} `db.unavailable`. */
  async reseal(): Promise<number> {
    let total = 0;
    let after: string | undefined = '';
    while (after !== undefined && !this.#isStopping) {
      const batch: SealedSecret[] = await this.resealBatch(after);
      total += batch.length;
      after = batch.length < BATCH_MAX ? undefined : batch.at(-1)?.account_id;
    }
    if (total > 0) this.log.info('totp secrets resealed', { secrets: total });
    return total;
  }

  /** Replicas share the rows. */
  private resealBatch(after: string): Promise<SealedSecret[]> {
    return withDbErrors(() =>
      this.database.transaction(async (manager) => {
        const rows = await manager.query<SealedSecret[]>(
          `SELECT account_id, secret FROM auth.totp
           WHERE account_id > $1 AND substr(secret, 1, $2) <> $3
           ORDER BY account_id LIMIT $4 FOR UPDATE SKIP LOCKED`,
          [after, this.secrets.keyPrefix.length, this.secrets.keyPrefix, BATCH_MAX],
        );
        for (const { account_id: accountId, secret } of rows) {
          const context = totpContext(accountId);
          try {
            const resealed = this.secrets.sealJson(this.secrets.openJson(secret, context), context);
            await manager.query('UPDATE auth.totp SET secret = $2 WHERE account_id = $1', [accountId, resealed]);
          } catch (error) {
            this.log.error('totp secret cannot be opened', { accountId, error });
          }
        }
        return rows;
      }),
    );
  }
}
