import { randomBytes } from 'node:crypto';
import { MasterKeys, UnknownMasterKeyError } from './master-keys.ts';
import { UnsealError } from './seal.ts';
import { SecretBox } from './secret-box.ts';

const current = randomBytes(32);
const previous = randomBytes(32);
const boxOf = (...keys: [Buffer, ...Buffer[]]): SecretBox => new SecretBox(new MasterKeys(...keys));

describe('SecretBox', () => {
  it('opens what it has sealed, in the same context only', () => {
    const box = boxOf(current);
    const sealed = box.sealJson({ secret: 'swordfish' }, ['mail', '1']);
    expect(box.openJson(sealed, ['mail', '1'])).toEqual({ secret: 'swordfish' });
    expect(sealed.includes('swordfish')).toBe(false);
    expect(() => box.openJson(sealed, ['mail', '2'])).toThrow(UnsealError);
  });

  it('opens what the previous key has sealed, while it knows that key', () => {
    const sealed = boxOf(previous).sealJson(1, ['a']);
    const box = boxOf(current, previous);
    expect(box.openJson(sealed, ['a'])).toBe(1);
    expect(() => boxOf(current).openJson(sealed, ['a'])).toThrow(UnknownMasterKeyError);
  });

  it('begins what it seals with the id of the current key', () => {
    const box = boxOf(current, previous);
    expect(box.sealJson(1, ['a']).subarray(0, box.currentKeyId.length)).toEqual(box.currentKeyId);
    expect(boxOf(previous).currentKeyId).not.toEqual(box.currentKeyId);
  });
});
