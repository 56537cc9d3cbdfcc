import { ModelRejection } from '../files/rejection.ts';
import { withinTime } from './within-time.ts';

describe('withinTime', () => {
  it('returns what the function returns, and throws what it throws', () => {
    const failure = new RangeError('x');
    expect(withinTime(10_000, () => 42)).toBe(42);
    expect(() =>
      withinTime(10_000, () => {
        throw failure;
      }),
    ).toThrow(failure);
  });

  it('interrupts a function that does not end, also within a catch', () => {
    const endless = (): never => {
      for (;;) {
        try {
          for (;;);
        } catch {
          // Again.
        }
      }
    };
    expect(() => withinTime(20, endless)).toThrow(ModelRejection);
    expect(withinTime(10_000, () => 1)).toBe(1);
  });
});
