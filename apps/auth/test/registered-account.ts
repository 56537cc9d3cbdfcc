import { accountsContract } from '@xerotier/contracts/auth';
import type { AccountRecord, ChangeContext } from '@xerotier/contracts/auth';
import { eventually } from '@xerotier/testing';
import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunningAuth } from './running-auth.ts';

export interface RegisteredAccount extends AccountRecord {
  readonly tokenHash: string;
}

export function newTokenHash(): string {
  return createHash('sha256').update(randomBytes(32)).digest('hex');
}

export function newEmail(name = 'person'): string {
  return `${name}-${randomBytes(6).toString('hex')}@example.com`;
}

/** An IPv6 network of its own, since limits are per address. */
export function newClientAddress(): string {
  return `2001:db8:${randomBytes(2).toString('hex')}:${randomBytes(2).toString('hex')}::1`;
}

/** An account whose e-mail address counts as verified unless told otherwise. */
export async function registeredAccount(
  { bus, database }: RunningAuth,
  { email = newEmail(), isVerified = true }: { readonly email?: string; readonly isVerified?: boolean } = {},
): Promise<RegisteredAccount> {
  const tokenHash = newTokenHash();
  const { account } = await bus.call(accountsContract.operations.register, {
    ...{ email, password: 'correct horse battery staple', name: 'Person', tokenHash },
    ...{ clientAddress: newClientAddress(), userAgent: 'tests' },
  });
  if (isVerified) await database.query('UPDATE auth.account SET email_verified_at = now() WHERE id = $1', [account.id]);
  return { ...account, tokenHash };
}

/** A project of this owner. */
export async function ownedProject({ bus }: RunningAuth, accountId: string): Promise<string> {
  const { id } = await bus.call(accountsContract.operations.createProject, {
    ...{ accountId, name: 'Team', slug: 'team' },
    ...{ clientAddress: '203.0.113.9', requestId: 'req_1' },
  });
  return id;
}

export function contextOf(projectId: string, accountId: string): ChangeContext {
  return { projectId, actor: { kind: 'user', id: accountId }, clientAddress: '203.0.113.9', requestId: 'req_1' };
}

export interface ReadMail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** SHA-256 of the token in its link, in hex. */
  readonly tokenHash: string;
}

/** The messages to an address, oldest first. */
export async function mailsTo({ mailDirectory }: RunningAuth, email: string): Promise<ReadMail[]> {
  const names = (await readdir(mailDirectory)).filter((name) => name.endsWith('.json'));
  const contents = await Promise.all(names.map((name) => readFile(join(mailDirectory, name), 'utf8')));
  const mails = contents.map((content) => JSON.parse(content) as ReadMail & { createdAt: string });
  return mails
    .filter(({ to }) => to === email)
    .toSorted((a, b) => a.createdAt.localeCompare(b.createdAt))
    .map((mail) => {
      const token = /#token=([\w-]+)/.exec(mail.text)?.[1] ?? '';
      return { ...mail, tokenHash: createHash('sha256').update(token).digest('hex') };
    });
}

/** Waits for a message to an address, the newest one with this subject. */
export function mailTo(auth: RunningAuth, email: string, subject: string, count = 1): Promise<ReadMail> {
  return eventually(`mail '${subject}' to ${email}`, async () => {
    const found = (await mailsTo(auth, email)).filter((mail) => mail.subject.includes(subject));
    return found.length >= count ? found.at(-1) : undefined;
  });
}
