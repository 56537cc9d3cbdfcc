import { capturedLog } from '@xerotier/log/testing';
import { runningAuth } from '../../test/running-auth.ts';
import { KeyUses } from './key-uses.ts';

const auth = runningAuth();
let uses: KeyUses;
let captured: ReturnType<typeof capturedLog>;

beforeEach(() => {
  captured = capturedLog();
  uses = new KeyUses(auth.database, captured.log);
});

async function newKeyId(): Promise<string> {
  const project = await auth.seed();
  return (await auth.authorize(project.key, project.id)).keyId;
}

async function lastUse(keyId: string): Promise<Date | null> {
  const [row] = await auth.database.query<{ last_used_at: Date | null }[]>(
    'SELECT last_used_at FROM auth.api_key WHERE id = $1',
    [keyId],
  );
  return row?.last_used_at ?? null;
}

describe('KeyUses', () => {
  it('writes the latest use of each key on flush', async () => {
    const [first, second] = [await newKeyId(), await newKeyId()];
    uses.record(first, new Date('2030-01-01T00:00:00Z'));
    uses.record(first, new Date('2030-01-01T00:00:30Z'));
    uses.record(second, new Date('2030-01-01T00:00:10Z'));
    expect(await lastUse(first)).toBeNull();
    await uses.flush();
    expect(await lastUse(first)).toEqual(new Date('2030-01-01T00:00:30Z'));
    expect(await lastUse(second)).toEqual(new Date('2030-01-01T00:00:10Z'));
  });

  it('does not overwrite a later use of another replica', async () => {
    const keyId = await newKeyId();
    uses.record(keyId, new Date('2030-01-01T00:01:00Z'));
    await uses.flush();
    uses.record(keyId, new Date('2030-01-01T00:00:00Z'));
    await uses.flush();
    expect(await lastUse(keyId)).toEqual(new Date('2030-01-01T00:01:00Z'));
  });

  it('keeps uses that could not be written, and logs it', async () => {
    const keyId = await newKeyId();
    uses.record(keyId, new Date('2030-01-01T00:00:00Z'));
    await auth.servers.postgres.stop();
    await uses.flush();
    expect(captured.text()).toContain('api key usage update failed');
    await auth.servers.postgres.restart();
    await uses.flush();
    expect(await lastUse(keyId)).toEqual(new Date('2030-01-01T00:00:00Z'));
  });
});

describe('shutdown', () => {
  it('records the last uses before connections close', async () => {
    const keyId = await newKeyId();
    await auth.service.stop();
    expect(await lastUse(keyId)).not.toBeNull();
  });
});
