import { hasValidChecksum } from '@xerotier/api-keys';
import { runningAuth } from '../../test/running-auth.ts';
import type { SeededProject } from '../../test/running-auth.ts';
import type { AccessChange } from '../access/access-change.ts';
import { pepper } from '../../test/running-auth.ts';
import { ApiKey } from './api-key.entity.ts';
import { ApiKeysRepository } from './api-keys.repository.ts';
import { ApiKeysService, GRACE_MS_MAX } from './api-keys.service.ts';
import { KeyHasher } from './key-hasher.ts';

const INVALID = { code: 'auth.invalid_key' };

const auth = runningAuth();
let announced: AccessChange[];
let keys: ApiKeysService;

beforeEach(() => {
  announced = [];
  const repository = new ApiKeysRepository(auth.database.getRepository(ApiKey));
  keys = new ApiKeysService(repository, new KeyHasher(pepper), (change) => announced.push(change));
});

async function keyIdOf(project: SeededProject): Promise<string> {
  return (await auth.authorize(project.key, project.id)).keyId;
}

function isValid(project: SeededProject, key: string): Promise<boolean> {
  return auth.authorize(key, project.id).then(
    () => true,
    () => false,
  );
}

describe('revoke', () => {
  it('invalidates a key at once and announces it', async () => {
    const project = await auth.seed();
    const keyId = await keyIdOf(project);
    expect(await keys.revoke(keyId)).toBe(true);
    await expect(auth.authorize(project.key, project.id)).rejects.toMatchObject(INVALID);
    expect(announced).toEqual([{ projectId: project.id, keyId }]);
  });

  it('invalidates the value before a rotation too', async () => {
    const project = await auth.seed();
    const keyId = await keyIdOf(project);
    const rotated = await keys.rotate(keyId);
    await keys.revoke(keyId);
    expect(await isValid(project, project.key)).toBe(false);
    expect(await isValid(project, rotated?.value ?? '')).toBe(false);
  });

  it('does not affect other keys', async () => {
    const [project, other] = [await auth.seed(), await auth.seed()];
    await keys.revoke(await keyIdOf(project));
    expect(await isValid(other, other.key)).toBe(true);
  });

  it('keeps the time of the first revocation', async () => {
    const keyId = await keyIdOf(await auth.seed());
    const read = (): Promise<unknown> =>
      auth.database.query('SELECT revoked_at FROM auth.api_key WHERE id = $1', [keyId]);
    await keys.revoke(keyId);
    const first = await read();
    expect(await keys.revoke(keyId)).toBe(true);
    expect(await read()).toEqual(first);
  });

  it('returns false for an unknown key, and announces nothing', async () => {
    expect(await keys.revoke('key_none')).toBe(false);
    expect(announced).toEqual([]);
  });
});

describe('rotate', () => {
  it('creates a new value for the same key, and keeps the old one valid for a day', async () => {
    const project = await auth.seed();
    const keyId = await keyIdOf(project);
    const rotated = await keys.rotate(keyId);
    const value = rotated?.value ?? '';
    expect(hasValidChecksum(value)).toBe(true);
    expect((await auth.authorize(value, project.id)).keyId).toBe(keyId);
    expect((await auth.authorize(project.key, project.id)).keyId).toBe(keyId);
    const hoursLeft = ((rotated?.previousValidUntil?.getTime() ?? 0) - Date.now()) / 3_600_000;
    expect(Math.round(hoursLeft)).toBe(24);
    expect(announced).toEqual([{ projectId: project.id, keyId }]);
  });

  it('rejects the old value after the grace period', async () => {
    const project = await auth.seed();
    const keyId = await keyIdOf(project);
    const rotated = await keys.rotate(keyId);
    await auth.database.query(
      "UPDATE auth.api_key SET previous_valid_until = now() - interval '1 second' WHERE id = $1",
      [keyId],
    );
    expect(await isValid(project, project.key)).toBe(false);
    expect(await isValid(project, rotated?.value ?? '')).toBe(true);
  });

  it('rejects the old value at once without a grace period', async () => {
    const project = await auth.seed();
    const rotated = await keys.rotate(await keyIdOf(project), 0);
    expect(rotated?.previousValidUntil).toBeNull();
    expect(await isValid(project, project.key)).toBe(false);
    expect(await isValid(project, rotated?.value ?? '')).toBe(true);
  });

  it('keeps only the latest two values', async () => {
    const project = await auth.seed();
    const keyId = await keyIdOf(project);
    const second = await keys.rotate(keyId);
    await keys.rotate(keyId);
    expect(await isValid(project, project.key)).toBe(false);
    expect(await isValid(project, second?.value ?? '')).toBe(true);
  });

  it.each(['revoked_at = now()', "expires_at = now() - interval '1 second'"])(
    'rejects a key with %s, and changes nothing',
    async (assignment) => {
      const keyId = await keyIdOf(await auth.seed());
      await auth.database.query(`UPDATE auth.api_key SET ${assignment} WHERE id = $1`, [keyId]);
      expect(await keys.rotate(keyId)).toBeNull();
      expect(announced).toEqual([]);
    },
  );

  it.each([-1, GRACE_MS_MAX + 1, NaN])('rejects a grace period of %p', async (graceMs) => {
    await expect(keys.rotate('key_any', graceMs)).rejects.toThrow(RangeError);
  });
});
