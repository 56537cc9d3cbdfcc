import fc from 'fast-check';
import { LineCursor, SkippedLines } from './line-cursor.ts';

const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');
const lines = fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '😀', ' '), maxLength: 6 }), { maxLength: 12 });

function* piecesOf(content: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

describe('LineCursor', () => {
  it('counts complete lines, and the bytes of the next one', () => {
    const cursor = new LineCursor(2, 10);
    expect([cursor.line, cursor.byte]).toEqual([2, 0]);
    cursor.take(Buffer.from('a\nb\ncde'));
    expect([cursor.line, cursor.byte]).toEqual([4, 3]);
    cursor.take(Buffer.from('f'));
    expect([cursor.line, cursor.byte]).toEqual([4, 4]);
    cursor.take(Buffer.from('\n'));
    expect([cursor.line, cursor.byte, cursor.isAtLimit]).toEqual([5, 0, false]);
  });

  it('ends behind the last line', () => {
    const cursor = new LineCursor(7, 2);
    expect(cursor.take(Buffer.from('a\nb\nc')).toString()).toBe('a\nb\n');
    expect(cursor.isAtLimit).toBe(true);
    expect(cursor.take(Buffer.from('d\n'))).toHaveLength(0);
  });

  it('has each line once, wherever a file takes over, and however both are cut', () => {
    const cases = fc.record({ lines, after: fc.nat(14), limit: fc.integer({ min: 1, max: 14 }), cut: fc.nat(60) });
    fc.assert(
      fc.property(cases, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), (given, one, other) => {
        const { after, limit, cut } = given;
        const whole = Buffer.from(text(given.lines));
        const rest = Buffer.from(text(given.lines.slice(after)));
        const cursor = new LineCursor(after, limit);
        const taken: Buffer[] = [];
        // What a result of a running batch would have, up to any byte.
        for (const piece of piecesOf(rest.subarray(0, cut), one)) taken.push(cursor.take(piece));
        const skipped = new SkippedLines(cursor);
        for (const piece of piecesOf(whole, other)) taken.push(cursor.take(skipped.restOf(piece)));
        expect(Buffer.concat(taken).toString()).toBe(text(given.lines.slice(after, after + limit)));
      }),
    );
  });
});
