import { sealingKey } from './key-setting.ts';
import { MasterKeys, UnknownMasterKeyError } from './master-keys.ts';
import { newDataKey, UnsealError } from './seal.ts';

const [older, newer, dataKey] = [newDataKey(), newDataKey(), newDataKey()];

describe('MasterKeys', () => {
  it('unwrap what they wrapped, with the same context', () => {
    const keys = new MasterKeys(older);
    const wrapped = keys.wrap(dataKey, ['project', 'a']);
    expect(keys.unwrap(wrapped, ['project', 'a']).equals(dataKey)).toBe(true);
    expect(() => keys.unwrap(wrapped, ['project', 'b'])).toThrow(UnsealError);
  });

  it('wrap with the new key, and still unwrap with the previous one', () => {
    const before = new MasterKeys(older).wrap(dataKey, ['a']);
    const keys = new MasterKeys(newer, older);
    expect(keys.unwrap(before, ['a']).equals(dataKey)).toBe(true);
    const after = keys.wrap(dataKey, ['a']);
    expect(after.masterKeyId).not.toBe(before.masterKeyId);
    expect(new MasterKeys(newer).unwrap(after, ['a']).equals(dataKey)).toBe(true);
  });

  it('report a missing key', () => {
    const wrapped = new MasterKeys(older).wrap(dataKey, ['a']);
    expect(() => new MasterKeys(newer).unwrap(wrapped, ['a'])).toThrow(UnknownMasterKeyError);
  });

  it('reject the id of another key', () => {
    const keys = new MasterKeys(newer, older);
    const { wrapped } = new MasterKeys(older).wrap(dataKey, ['a']);
    expect(() => keys.unwrap({ masterKeyId: keys.currentId, wrapped }, ['a'])).toThrow(UnsealError);
  });

  it('have stable ids that reveal nothing of the key', () => {
    const { currentId } = new MasterKeys(older);
    expect(currentId).toBe(new MasterKeys(Buffer.from(older)).currentId);
    expect(older.toString('hex')).not.toContain(currentId);
  });

  it.each([0, 16, 31, 33])('reject a key of %i bytes', (bytes) => {
    expect(() => new MasterKeys(Buffer.alloc(bytes))).toThrow(RangeError);
    expect(() => new MasterKeys(older, Buffer.alloc(bytes))).toThrow(RangeError);
  });
});

describe('sealingKey', () => {
  it.each(['base64', 'hex'] as const)('accepts 32 bytes in %s', (encoding) => {
    expect(sealingKey.parse(older.toString(encoding)).equals(older)).toBe(true);
  });

  it.each(['', 'secret', 'a'.repeat(32), 'a'.repeat(43), 'g'.repeat(64), `${'a'.repeat(44)}`, 'ab'.repeat(31)])(
    'rejects %p',
    (text) => {
      expect(sealingKey.safeParse(text).success).toBe(false);
    },
  );
});
