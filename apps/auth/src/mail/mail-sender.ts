import type { MailMessage } from './mail-message.ts';

/** How mail leaves the platform. */
export interface MailSender {
  /**
   * Resolves when the message is accepted. Bounded by a minute.
   * @param id the same for a repeated message.
   * @throws {PermanentMailError} if repeating it is useless; any other error is temporary.
   */
  send(id: string, message: MailMessage): Promise<void>;
}

/** The server has rejected a message, and would again. */
export class PermanentMailError extends Error {}

/** Injection token of a {@link MailSender}. */
export const MAIL_SENDER = Symbol('MAIL_SENDER');
