import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { withDbErrors } from '@xerotier/db';
import type { Logger } from '@xerotier/log';
import { LOGGER, PeriodicTask } from '@xerotier/service-host';
import { DataSource } from 'typeorm';
import { metrics } from '../metrics.ts';
import { MailQueue } from './mail-queue.ts';
import { MAIL_SENDER, PermanentMailError } from './mail-sender.ts';
import type { MailSender } from './mail-sender.ts';

const POLL_MS = 1_000;
const BATCH_MAX = 10;
/** Longer than any attempt takes. After a crash, messages that were being sent wait so long. */
const LEASE_SECONDS = 120;
const RETRY_SECONDS = 10;
const RETRY_SECONDS_MAX = 3_600;
/** Spread over seven hours. */
export const ATTEMPTS_MAX = 15;

/** Takes messages for an attempt. Replicas share the rows. */
const CLAIM = `
  UPDATE auth.mail SET attempts = attempts + 1, next_attempt_at = now() + make_interval(secs => ${LEASE_SECONDS})
  WHERE id IN (
    SELECT id FROM auth.mail WHERE failed_at IS NULL AND next_attempt_at <= now()
    ORDER BY next_attempt_at LIMIT ${BATCH_MAX} FOR UPDATE SKIP LOCKED)
  RETURNING id, content, attempts, coalesce(expires_at <= now(), false) AS "isExpired"`;

interface ClaimedMail {
  readonly id: string;
  readonly content: Buffer;
  readonly attempts: number;
  readonly isExpired: boolean;
}

/**
 * Sends the messages of committed transactions, at least once: it may be killed at any moment, and a message that was sent but
 * not deleted is sent again with the same id. What is sent is deleted, so that the database keeps no links.
 */
@Injectable()
export class MailRelay extends PeriodicTask {
  #isDatabaseLost = false;

  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly queue: MailQueue,
    @Inject(MAIL_SENDER) private readonly sender: MailSender,
    @Inject(LOGGER) private readonly log: Logger,
  ) {
    super({ intervalMs: POLL_MS, failure: 'mail relay failed, retrying', log });
  }

  protected override async run(): Promise<void> {
    try {
      let claimed = BATCH_MAX;
      while (claimed === BATCH_MAX && !this.isStopping) {
        // TypeORM returns the rows and the count of an UPDATE.
        const [rows] = await withDbErrors(() => this.database.query<[ClaimedMail[], number]>(CLAIM));
        claimed = rows.length;
        await Promise.all(rows.map((mail) => this.#send(mail)));
      }
      this.#isDatabaseLost = false;
    } catch (error) {
      // Logged once per outage, not every second.
      if (this.#isDatabaseLost) return;
      this.#isDatabaseLost = true;
      throw error;
    }
  }

  async #send(mail: ClaimedMail): Promise<void> {
    const { id, attempts } = mail;
    if (mail.isExpired) {
      metrics.mails.inc({ outcome: 'expired' });
      if (attempts > 1) this.log.warn('mail expired before it could be sent', { id, attempts });
      await this.#delete(id);
      return;
    }
    try {
      await this.sender.send(id, this.queue.open(mail));
    } catch (error) {
      await this.#retryOrFail(mail, error);
      return;
    }
    metrics.mails.inc({ outcome: 'sent' });
    await this.#delete(id);
  }

  async #retryOrFail({ id, attempts }: ClaimedMail, error: unknown): Promise<void> {
    // Not the error itself: responses of servers contain the recipient.
    const { code, responseCode } = (error instanceof PermanentMailError ? error.cause : error) as Record<
      string,
      unknown
    >;
    const isFinal = error instanceof PermanentMailError || attempts >= ATTEMPTS_MAX;
    metrics.mails.inc({ outcome: isFinal ? 'failed' : 'retried' });
    if (isFinal) {
      this.log.error('mail given up', { id, attempts, code, responseCode });
      await withDbErrors(() => this.database.query('UPDATE auth.mail SET failed_at = now() WHERE id = $1', [id]));
      return;
    }
    const seconds = Math.min(RETRY_SECONDS * 2 ** (attempts - 1), RETRY_SECONDS_MAX);
    this.log.warn('mail failed, retrying', { id, attempts, code, responseCode, retryInSeconds: seconds });
    await withDbErrors(() =>
      this.database.query('UPDATE auth.mail SET next_attempt_at = now() + make_interval(secs => $2) WHERE id = $1', [
        ...[id, seconds],
      ]),
    );
  }

  async #delete(id: string): Promise<void> {
    await withDbErrors(() => this.database.query('DELETE FROM auth.mail WHERE id = $1', [id]));
  }
}
