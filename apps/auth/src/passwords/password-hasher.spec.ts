import { hash } from '@node-rs/argon2';
import { AppError } from '@xerotier/errors';
import { PasswordHasher } from './password-hasher.ts';
import type { PasswordHasherOptions } from './password-hasher.ts';

/** The least that Argon2 accepts, for fast tests. */
const parameters = { memoryCost: 8, timeCost: 1, parallelism: 1 };
const newHasher = (options: Partial<PasswordHasherOptions> = {}): PasswordHasher =>
  new PasswordHasher({ parameters, ...options });

describe('PasswordHasher', () => {
  it('verifies the password of a hash, and no other', async () => {
    const sut = newHasher();
    const stored = await sut.hash('correct horse');
    expect(stored).not.toContain('correct');
    expect(await sut.verify(stored, 'correct horse')).toBe(true);
    expect(await sut.verify(stored, 'Correct horse')).toBe(false);
  });

  it('gives the same password another hash each time', async () => {
    const sut = newHasher();
    expect(await sut.hash('correct horse')).not.toBe(await sut.hash('correct horse'));
  });

  it('hashes with its parameters', async () => {
    const sut = newHasher({ parameters: { memoryCost: 16, timeCost: 2, parallelism: 1 } });
    expect(await sut.hash('correct horse')).toMatch(/^\$argon2id\$v=19\$m=16,t=2,p=1\$/);
  });

  it('treats equivalent characters alike', async () => {
    const sut = newHasher();
    // The ligature ffi, and e with a combining accent.
    expect(await sut.verify(await sut.hash('o\ufb03ce caf\u00e9'), 'office cafe\u0301')).toBe(true);
  });

  it('verifies without a hash, and never succeeds', async () => {
    expect(await newHasher().verify(null, 'correct horse')).toBe(false);
  });

  it('finds hashes with other parameters', async () => {
    const sut = newHasher();
    expect(sut.isOutdated(await sut.hash('p'))).toBe(false);
    for (const other of [{ memoryCost: 16 }, { timeCost: 2 }, { parallelism: 2, memoryCost: 16 }])
      expect(sut.isOutdated(await hash('p', { ...parameters, ...other }))).toBe(true);
  });

  it('serves as many as may wait, in any number of rounds, and rejects further ones', async () => {
    const sut = newHasher({ concurrency: 1, waitingMax: 2 });
    for (let round = 0; round < 2; round++) {
      const results = await Promise.allSettled(Array.from({ length: 5 }, () => sut.hash('p')));
      expect(results.map(({ status }) => status)).toEqual([
        ...['fulfilled', 'fulfilled', 'fulfilled'],
        ...['rejected', 'rejected'],
      ]);
      const [, , , rejected] = results as PromiseRejectedResult[];
      expect(AppError.from(rejected?.reason)).toMatchObject({ code: 'account.overloaded', status: 503 });
    }
  });

  it('rejects what has waited for too long, and serves again afterwards', async () => {
    const sut = newHasher({ concurrency: 1, waitMsMax: -1 });
    const results = await Promise.allSettled(Array.from({ length: 4 }, () => sut.hash('p')));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected']);
    expect(await sut.hash('p')).toMatch(/^\$argon2id/);
  });

  it('serves the next one after a failure', async () => {
    const sut = newHasher({ concurrency: 1, waitingMax: 1 });
    const failing = sut.verify('not a hash', 'p');
    const waiting = sut.hash('p');
    await expect(failing).rejects.toThrow();
    expect(await waiting).toMatch(/^\$argon2id/);
    expect(await sut.hash('p')).toMatch(/^\$argon2id/);
  });
});
