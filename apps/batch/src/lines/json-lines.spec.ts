import fc from 'fast-check';
import { jsonLines, LineTooLongError } from './json-lines.ts';
import type { JsonLinesOptions, RawLine } from './json-lines.ts';

async function linesOf(
  content: Uint8Array | string,
  size = 7,
  options: Partial<JsonLinesOptions> = {},
): Promise<RawLine[]> {
  const bytes = Buffer.from(content);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  const lines: RawLine[] = [];
  for await (const line of jsonLines(pieces(), { bytesMax: 1_000, ...options })) lines.push(line);
  return lines;
}

const texts = (lines: readonly RawLine[]): string[] => lines.map(({ bytes }) => bytes.toString());

describe('jsonLines', () => {
  it('has the lines with their numbers and places', async () => {
    const lines = await linesOf('{"a":1}\n\n  \r\n{"b":"é"}\r\nlast');
    expect(lines.map(({ number, start, end }) => [number, start, end])).toEqual([
      [1, 0, 8],
      [4, 13, 25],
      [5, 25, 29],
    ]);
    expect(texts(lines)).toEqual(['{"a":1}', '{"b":"é"}', 'last']);
  });

  it('skips a byte order mark at the beginning alone', async () => {
    expect(texts(await linesOf('\ufeffa\n\ufeffb'))).toEqual(['a', '\ufeffb']);
  });

  it.each(['', '\n', '\n\n \t\r\n'])('has none in %j', async (content) => {
    expect(await linesOf(content)).toEqual([]);
  });

  it('limits the length of a line', async () => {
    expect(await linesOf(`${'a'.repeat(1_000)}\nb`)).toHaveLength(2);
    await expect(linesOf(`b\n${'a'.repeat(1_001)}`)).rejects.toEqual(new LineTooLongError(2));
  });

  it('finds the same, however the content is cut, and from any line on', async () => {
    const content = fc.string({ unit: fc.constantFrom('a', '\n', ' ', '\r', '"', 'é', '😀'), maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(content, fc.integer({ min: 1, max: 9 }), async (text, size) => {
        const whole = await linesOf(text, 1_000);
        expect(await linesOf(text, size)).toEqual(whole);
        const bytes = Buffer.from(text);
        for (const { start, end, bytes: line, number } of whole) {
          expect(bytes.subarray(start, end).includes(line)).toBe(true);
          const again = await linesOf(bytes.subarray(start), size, { start, firstLine: number });
          expect(again).toEqual(whole.filter((other) => other.number >= number));
        }
      }),
    );
  });
});
