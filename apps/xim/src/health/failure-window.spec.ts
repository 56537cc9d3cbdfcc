import fc from 'fast-check';
import { FailureWindow } from './failure-window.ts';

function after(outcomes: string): FailureWindow {
  const window = new FailureWindow();
  for (const outcome of outcomes) {
    if (outcome === '+') window.succeeded(0);
    if (outcome === '-') window.failed(0);
    if (outcome === 'b') window.rejected();
  }
  return window;
}

describe('FailureWindow', () => {
  it.each([
    ['---', true],
    ['--', false],
    ['+++++---', true],
    ['--+--+', true],
    ['--+--', false],
    ['-+++++++', false],
    ['bbb', true],
    ['-b-', true],
    ['+b+b+b+b+b+b', false],
    ['', false],
  ])('after %s, suspicious() is %s', (outcomes, suspicious) => {
    expect(after(outcomes).suspicious(0)).toBe(suspicious);
  });

  it('reports the failure rate once there are enough outcomes', () => {
    expect(after('-+-+-').failureRate(0)).toBe(0);
    expect(after('-+-+-+').failureRate(0)).toBe(0.5);
    expect(after('-+-+-+bb').failureRate(0)).toBe(0.5);
  });

  it('counts the latest outcomes only', () => {
    expect(after('-'.repeat(10) + '+'.repeat(10)).failureRate(0)).toBe(0.5);
    expect(after('-'.repeat(10) + '+'.repeat(20)).failureRate(0)).toBe(0);
  });

  it('drops old outcomes, and all of them on clear()', () => {
    const window = after('-+-+-+');
    expect(window.failureRate(60_001)).toBe(0);
    expect(window.suspicious(60_001)).toBe(false);
    const cleared = after('---');
    cleared.clear();
    expect(cleared.suspicious(0)).toBe(false);
  });

  it('has a rate between 0 and 1, and is not suspicious while nothing fails', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('+', '-', 'b')), (outcomes) => {
        const window = after(outcomes.join(''));
        expect(window.failureRate(0)).toBeGreaterThanOrEqual(0);
        expect(window.failureRate(0)).toBeLessThanOrEqual(1);
        if (outcomes.every((outcome) => outcome === '+')) expect(window.suspicious(0)).toBe(false);
      }),
    );
  });
});
