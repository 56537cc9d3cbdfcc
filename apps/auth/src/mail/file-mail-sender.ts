import { lstat, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MailMessage } from './mail-message.ts';
import type { MailSender } from './mail-sender.ts';

/** Writes mail to files, for installations without an SMTP server. Only the user of the process can read them. */
export class FileMailSender implements MailSender {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async send(id: string, message: MailMessage): Promise<void> {
    await this.#createDirectory();
    const file = join(this.#directory, `${id}.json`);
    const temporary = `${file}.tmp`;
    const content = { id, createdAt: new Date().toISOString(), ...message };
    await writeFile(temporary, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
    await rename(temporary, file);
  }

  /** In a folder that everybody can write to, somebody else may have created the directory to read what is in it. */
  async #createDirectory(): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const status = await lstat(this.#directory);
    const user = process.getuid?.();
    if (!status.isDirectory() || (user !== undefined && status.uid !== user))
      throw new Error(`${this.#directory} is not a directory of this user`);
  }
}
