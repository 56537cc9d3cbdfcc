/** The mail of a platform without an SMTP server. */
import { eventually } from '@xerotier/testing';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

interface Mail {
  readonly createdAt: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

export class MailFolder {
  readonly #folder: string;

  constructor(folder: string | null) {
    if (folder === null) throw new Error('The platform sends its mail');
    this.#folder = folder;
  }

  /** Waits for a message, and returns the token of its link. The newest one, if there are several with such a subject. */
  async tokenFor(email: string, subject: string): Promise<string> {
    return /#token=([\w-]+)/.exec(await this.textOf(email, subject))?.[1] ?? '';
  }

  /** Waits for a message. The newest one, if there are several with such a subject. */
  textOf(email: string, subject: string): Promise<string> {
    return eventually(`mail '${subject}' to ${email}`, async () => (await this.#find(email, subject)).at(-1));
  }

  async #find(email: string, subject: string): Promise<string[]> {
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith('.json'));
    const texts = await Promise.all(names.map((name) => readFile(join(this.#folder, name), 'utf8')));
    return texts
      .map((content) => JSON.parse(content) as Mail)
      .filter((mail) => mail.to === email && mail.subject.includes(subject))
      .toSorted((a, b) => a.createdAt.localeCompare(b.createdAt))
      .map(({ text }) => text);
  }
}
