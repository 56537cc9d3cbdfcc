import { sealingKey } from './key-setting.ts';
import { MasterKeys, UnknownMasterKeyError } from './master-keys.ts';
import { newDataKey, UnsealError } from './seal.ts';

const [older, newer, dataKey] = [newDataKey(), newDataKey(), newDataKey()];

describe('MasterKeys', () => {
  it('unwrap what they wrapped, in the same place', () => {
    const keys = new MasterKeys(older);
    const wrapped = keys.wrap(dataKey, ['project', 'a']);
    expect(keys.unwrap(wrapped, ['project', 'a']).equals(dataKey)).toBe(true);
    expect(() => keys.unwrap(wrapped, ['project', 'b'])).toThrow(UnsealError);
  });

  it('go on with a new key, and still read what the one before it wrapped', () => {
    const before = new MasterKeys(older).wrap(dataKey, ['a']);
    const keys = new MasterKeys(newer, older);
    expect(keys.unwrap(before, ['a']).equals(dataKey)).toBe(true);
    const after = keys.wrap(dataKey, ['a']);
    expect(after.masterKeyId).not.toBe(before.masterKeyId);
    expect(new MasterKeys(newer).unwrap(after, ['a']).equals(dataKey)).toBe(true);
  });

  it('say so when a key that is needed was not given', () => {
    const wrapped = new MasterKeys(older).wrap(dataKey, ['a']);
    expect(() => new MasterKeys(newer).unwrap(wrapped, ['a'])).toThrow(UnknownMasterKeyError);
  });

  it('refuse an id that lies about its key', () => {
    const keys = new MasterKeys(newer, older);
    const { wrapped } = new MasterKeys(older).wrap(dataKey, ['a']);
    expect(() => keys.unwrap({ masterKeyId: keys.currentId, wrapped }, ['a'])).toThrow(UnsealError);
  });

  it('have ids that are the same for the same key and hold nothing of it', () => {
    const { currentId } = new MasterKeys(older);
    expect(currentId).toBe(new MasterKeys(Buffer.from(older)).currentId);
    expect(older.toString('hex')).not.toContain(currentId);
  });

  it.each([0, 16, 31, 33])('are not of %i bytes', (bytes) => {
    expect(() => new MasterKeys(Buffer.alloc(bytes))).toThrow(RangeError);
    expect(() => new MasterKeys(older, Buffer.alloc(bytes))).toThrow(RangeError);
  });
});

describe('sealingKey', () => {
  it.each(['base64', 'hex'] as const)('reads 32 bytes in %s', (encoding) => {
    expect(sealingKey.parse(older.toString(encoding)).equals(older)).toBe(true);
  });

  it.each(['', 'secret', 'a'.repeat(32), 'a'.repeat(43), 'g'.repeat(64), `${'a'.repeat(44)}`, 'ab'.repeat(31)])(
    'refuses %p',
    (text) => {
      expect(sealingKey.safeParse(text).success).toBe(false);
    },
  );
});
