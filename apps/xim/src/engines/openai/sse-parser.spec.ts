import fc from 'fast-check';
import { SseParser } from './sse-parser.ts';

function parse(pieces: readonly Uint8Array[], lengthMax = 10_000): string[] {
  const parser = new SseParser(lengthMax);
  return [...pieces.flatMap((piece) => parser.push(piece)), ...parser.end()];
}

function cut(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let from = 0, i = 0; from < bytes.length; i += 1) {
    const length = lengths[i % lengths.length] ?? 1;
    pieces.push(bytes.subarray(from, from + length));
    from += length;
  }
  return pieces;
}

const dataLine = fc.string({ unit: fc.constantFrom('a', ' ', ':', '{', '😀', 'é'), maxLength: 6 });
const data = fc.array(dataLine, { minLength: 1, maxLength: 3 }).map((lines) => lines.join('\n'));
const noise = fc.constantFrom(': comment', 'event: message', 'id: 1', 'retry: 5', 'dataset: x', ':');
const lineEnding = fc.constantFrom('\n', '\r\n', '\r');
const lengths = fc
  .array(fc.integer({ min: 0, max: 7 }), { minLength: 1 })
  .filter((all) => all.some((length) => length > 0));

/** A stream of events with random line endings and noise. */
const stream = fc
  .array(fc.tuple(data, fc.array(noise, { maxLength: 2 }), fc.boolean()), { maxLength: 6 })
  .chain((events) =>
    fc.tuple(
      fc.constant(events.map(([text]) => text)),
      fc.constant(events),
      fc.array(lineEnding, { minLength: 1, maxLength: 5 }),
    ),
  )
  .map(([expected, events, endings]) => {
    let line = 0;
    const end = (): string => endings[line++ % endings.length] ?? '\n';
    const text = events
      .map(([eventData, comments, spaced]) => {
        const before = comments.map((comment) => comment + end()).join('');
        const lines = eventData
          .split('\n')
          .map((value) => `data:${spaced || value.startsWith(' ') ? ' ' : ''}${value}${end()}`);
        return `${before}${lines.join('')}${end()}`;
      })
      .join('');
    return { expected, text };
  })
  // A CR line end followed by an LF line end reads as one CRLF, so such a text has other events.
  .filter(({ text, expected }) => !/\r\n/.test(text) || reference(text).length === expected.length);

/** Reference implementation, which reads the whole text at once. */
function reference(text: string): string[] {
  return text
    .split(/\r\n|\r|\n/)
    .join('\n')
    .split('\n\n')
    .filter((block) => /^data(?::|$)/m.test(block));
}

describe('SseParser', () => {
  it('parses the same events wherever the bytes are split', () => {
    fc.assert(
      fc.property(stream, lengths, ({ expected, text }, at) => {
        expect(parse(cut(Buffer.from(text), at))).toEqual(expected);
      }),
    );
  });

  it('emits an event with its blank line and not before', () => {
    const parser = new SseParser(100);
    expect(parser.push(Buffer.from('data: one\n'))).toEqual([]);
    expect(parser.push(Buffer.from('\ndata: tw'))).toEqual(['one']);
    expect(parser.push(Buffer.from('o\r\n\r'))).toEqual(['two']);
    expect(parser.push(Buffer.from('\ndata:three\n\n'))).toEqual(['three']);
  });

  it('joins the lines of an event with line breaks', () => {
    expect(parse([Buffer.from('data: {\ndata: }\n\n')])).toEqual(['{\n}']);
  });

  it.each(['data: last', 'data: last\n', 'data: last\r'])('emits a last event without its blank line: %j', (text) => {
    expect(parse([Buffer.from(text)])).toEqual(['last']);
  });

  it('ignores comments and other fields', () => {
    expect(parse([Buffer.from(': ping\n\nevent: x\n\nid: 4\ndatum: 5\n\n')])).toEqual([]);
  });

  it('rejects a line or an event that exceeds the maximum length', () => {
    expect(parse([Buffer.from(`data:${'x'.repeat(95)}`)], 100)).toEqual(['x'.repeat(95)]);
    expect(() => parse([Buffer.from(`data:${'x'.repeat(96)}`)], 100)).toThrow(/longer than 100/);
    expect(() => parse([Buffer.from('data:xxxxxxxxx\n'.repeat(11))], 100)).toThrow(/longer than 100/);
  });
});
