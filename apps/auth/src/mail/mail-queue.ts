import { Injectable } from '@nestjs/common';
import { withDbErrors } from '@xerotier/db';
import { SecretBox } from '@xerotier/sealing';
import type { EncryptionContext } from '@xerotier/sealing';
import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { Mail } from './mail.entity.ts';
import { assertSafeHeaders } from './mail-message.ts';
import type { MailMessage } from './mail-message.ts';

/** What a stored message is sealed with. */
export function mailContext(id = ''): EncryptionContext {
  return ['mail', id];
}

/** Messages that wait to be sent: see MailRelay. */
@Injectable()
export class MailQueue {
  constructor(private readonly secrets: SecretBox) {}

  /**
   * Adds a message that is sent if and when the transaction commits.
   * @param expiresAt after which it is not sent. Default: it does not expire.
   * @throws {AppError} `db.unavailable`.
   */
  async add(manager: EntityManager, message: MailMessage, expiresAt: Date | null = null): Promise<void> {
    assertSafeHeaders(message);
    const id = randomUUID();
    const content = this.secrets.sealJson(message, mailContext(id));
    await withDbErrors(() => manager.insert(Mail, { id, content, expiresAt }));
  }

  /** Opens the content of a row. @throws {UnknownMasterKeyError} @throws {UnsealError} */
  open({ id, content }: Pick<Mail, 'id' | 'content'>): MailMessage {
    return this.secrets.openJson(content, mailContext(id)) as MailMessage;
  }
}
