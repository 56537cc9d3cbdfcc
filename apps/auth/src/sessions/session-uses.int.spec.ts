import { silentLog } from '@xerotier/log/testing';
import { randomBytes } from 'node:crypto';
import { runningAuth } from '../../test/running-auth.ts';
import { AccountsRepository } from '../accounts/accounts.repository.ts';
import { SessionUses } from './session-uses.ts';
import { SessionsRepository } from './sessions.repository.ts';

const auth = runningAuth();
let sut: SessionUses;
let id: string;

beforeEach(async () => {
  sut = new SessionUses(auth.database, silentLog());
  const { manager } = auth.database;
  const email = `${randomBytes(6).toString('hex')}@example.com`;
  const account = await new AccountsRepository(manager).insert({ email, name: 'Ada', passwordHash: null });
  const session = { accountId: account.id, tokenHash: randomBytes(32), clientAddress: '203.0.113.7', userAgent: '' };
  ({ id } = await new SessionsRepository(manager).insert({ ...session, expiresAt: new Date(Date.now() + 60_000) }));
});

async function lastSeen(): Promise<number> {
  const [row] = await auth.database.query<{ at: Date }[]>('SELECT last_seen_at AS at FROM auth.session WHERE id = $1', [
    id,
  ]);
  return row?.at.getTime() ?? 0;
}

describe('SessionUses', () => {
  it('writes the last time of a session', async () => {
    const later = new Date(Date.now() + 30_000);
    sut.record(id, new Date());
    sut.record(id, later);
    expect(await lastSeen()).toBeLessThan(later.getTime());
    await sut.flush();
    expect(await lastSeen()).toBe(later.getTime());
  });

  it('never moves it back', async () => {
    const before = await lastSeen();
    sut.record(id, new Date(0));
    await sut.flush();
    expect(await lastSeen()).toBe(before);
  });

  it('keeps what could not be written for the next time', async () => {
    const later = new Date(Date.now() + 30_000);
    sut.record(id, later);
    await auth.database.query('ALTER TABLE auth.session RENAME TO hidden');
    await sut.flush();
    await auth.database.query('ALTER TABLE auth.hidden RENAME TO session');
    expect(await lastSeen()).toBeLessThan(later.getTime());
    await sut.flush();
    expect(await lastSeen()).toBe(later.getTime());
  });
});
