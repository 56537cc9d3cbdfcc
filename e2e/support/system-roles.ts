import type { PlatformDescription } from '@xerotier/dev';
import { createHash, randomUUID } from 'node:crypto';
import pg from 'pg';
import { SiteVisitor } from './site-visitor.ts';

/** A signed-in user with a system role that no admin has given to it: other suites may share the platform and its admins. */
export async function aVisitorWithRole(
  { baseUrl, databaseUrl }: Pick<PlatformDescription, 'baseUrl' | 'databaseUrl'>,
  role: 'admin' | 'operator',
): Promise<SiteVisitor> {
  const visitor = new SiteVisitor(baseUrl);
  const account = {
    email: `${role}-${randomUUID()}@example.com`,
    password: 'correct horse battery staple',
    name: role,
  };
  const response = await visitor.send('POST', '/api/v1/accounts', account);
  const { id } = (await response.json()) as { id: string };
  await giveSystemRole(databaseUrl, id, role);
  return visitor;
}

/** As nobody can do over HTTP without an admin. */
export async function giveSystemRole(
  databaseUrl: string,
  accountId: string,
  role: 'admin' | 'operator',
): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('UPDATE auth.account SET system_role = $2 WHERE id = $1', [accountId, role]);
  } finally {
    await client.end();
  }
}

/** A token of `auth bootstrap --force` in the database. Returns the token. */
export async function storedBootstrapToken(databaseUrl: string): Promise<string> {
  const token = randomUUID();
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('DELETE FROM auth.bootstrap_token');
    await client.query(
      "INSERT INTO auth.bootstrap_token (hash, is_for_first, expires_at) VALUES ($1, false, now() + interval '1 hour')",
      [createHash('sha256').update(token).digest()],
    );
  } finally {
    await client.end();
  }
  return token;
}
