import fc from 'fast-check';
import { readPrometheusText } from './prometheus-text.ts';

const read = (text: string): unknown => readPrometheusText(text, new Set(['a:b'])).get('a:b');

describe('readPrometheusText', () => {
  it('adds up the series of a metric, and ignores others', () => {
    const text = '# TYPE a:b gauge\na:b{x="1"} 1.5\na:b{x="2"} 2e1 1700000000000\na:b_total 7\na:bc 9\nb:b 3\n';
    expect(read(text)).toEqual({ sum: 21.5, max: 20 });
  });

  it.each([
    ['a:b 1', 1],
    ['a:b\t1\r', 1],
    ['a:b{} 1', 1],
    ['a:b{}1', 1],
    ['a:b{x="}\\"{ 5"} 1', 1],
    ['a:b{x="\\\\"} -0.5', -0.5],
    ['a:b .5', 0.5],
  ])('reads %p', (line, value) => {
    expect(read(line)).toEqual({ sum: value, max: value });
  });

  it.each([
    'a:b',
    'a:b ',
    'a:b{x="1" 1',
    'a:b{x="1',
    'a:b NaN',
    'a:b +Inf',
    'a:b 0x10',
    'a:b 1_000',
    'a:b 1 2 3',
    ' a:b 1',
    '#a:b 1',
  ])('skips %p', (line) => {
    expect(read(`${line}\n`)).toBeUndefined();
  });

  it('reads every number and every label value', () => {
    // Without -0, which is written as 0.
    const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
    fc.assert(
      fc.property(number, fc.string(), (value, text) => {
        const escaped = text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
        expect(read(`a:b{x="${escaped}"} ${value}\n`)).toEqual({ sum: value, max: value });
      }),
    );
  });

  it('never fails, and returns finite numbers only', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.constantFrom('a:b', '{', '}', '"', ' ', '1', '\\', '\n'))),
        (pieces) => {
          for (const { sum, max } of readPrometheusText(pieces.join(''), new Set(['a:b'])).values())
            expect([sum, max].every(Number.isFinite)).toBe(true);
        },
      ),
    );
  });
});
