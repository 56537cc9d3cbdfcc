import { createTransport } from 'nodemailer';
import type { MailMessage } from './mail-message.ts';
import { PermanentMailError } from './mail-sender.ts';
import type { MailSender } from './mail-sender.ts';

const TIMEOUT_MS = 10_000;
/** A 5xx to any other command is about the connection, such as a wrong password of ours, and can be mended. */
const ABOUT_THE_MESSAGE: ReadonlySet<string> = new Set(['RCPT TO', 'DATA']);

/** Sends mail to an SMTP server, one connection per message. */
export class SmtpMailSender implements MailSender {
  readonly #transport: ReturnType<typeof createTransport>;
  readonly #from: string;

  constructor(url: string, from: string) {
    this.#from = from;
    this.#transport = createTransport({
      url,
      connectionTimeout: TIMEOUT_MS,
      greetingTimeout: TIMEOUT_MS,
      socketTimeout: TIMEOUT_MS,
      dnsTimeout: TIMEOUT_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  async send(id: string, { to, subject, text }: MailMessage): Promise<void> {
    const domain = this.#from.slice(this.#from.indexOf('@') + 1);
    try {
      await this.#transport.sendMail({
        // As an object, an address is not parsed for further addresses.
        ...{ from: { name: 'Xerotier', address: this.#from }, to: { name: '', address: to } },
        ...{ subject, text, messageId: `<${id}@${domain}>` },
        // Keeps automatic replies away.
        headers: { 'Auto-Submitted': 'auto-generated' },
      });
    } catch (error) {
      const { responseCode, command = '' } = error as { responseCode?: number; command?: string };
      if (responseCode !== undefined && responseCode >= 500 && ABOUT_THE_MESSAGE.has(command))
        throw new PermanentMailError(`SMTP response ${responseCode}`, { cause: error });
      throw error;
    }
  }
}
