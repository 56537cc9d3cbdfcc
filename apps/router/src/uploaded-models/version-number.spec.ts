import { modelVersionNumber } from '@xerotier/contracts/router';
import { nextPatch } from './version-number.ts';

describe('nextPatch', () => {
  it.each([
    ['1.0.0', '1.0.1'],
    ['0.9.9', '0.9.10'],
    ['2.0.0-rc.1', '2.0.0'],
    ['2.0.0-a-b', '2.0.0'],
    ['1.2.999999998', '1.2.999999999'],
  ])('of %s is %s', (version, next) => {
    expect(nextPatch(version)).toBe(next);
    expect(modelVersionNumber.safeParse(next).success).toBe(true);
  });

  it('does not exist after the highest possible one', () => {
    expect(nextPatch('1.2.999999999')).toBeUndefined();
  });
});
