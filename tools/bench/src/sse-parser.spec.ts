import fc from 'fast-check';
import { anyChunking, singleBytes } from './any-chunking.testing.ts';
import { SseParser } from './sse-parser.ts';

interface Event {
  data: string;
  type: string;
}

function parse(chunks: Buffer[]): { events: Event[]; unfinished: boolean } {
  const events: Event[] = [];
  const parser = new SseParser((data, type) => events.push({ data, type }));
  for (const chunk of chunks) parser.push(chunk);
  return { events, unfinished: parser.unfinished };
}

const text = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((value) => !/[\r\n]/.test(value));
const lineEnd = fc.constantFrom('\n', '\r\n');
const event = fc.record({
  lines: fc.array(text, { minLength: 1, maxLength: 3 }),
  type: fc.constantFrom('', 'error'),
  lineEnd,
});

function encode({ lines, type, lineEnd: end }: { lines: string[]; type: string; lineEnd: string }): string {
  const typeLine = type === '' ? '' : `event: ${type}${end}`;
  return `: a comment${end}${typeLine}${lines.map((line) => `data: ${line}${end}`).join('')}${end}`;
}

describe('SseParser', () => {
  it('parses the same events however the bytes are chunked', () => {
    const stream = fc.array(event, { minLength: 1, maxLength: 5 });
    const cut = stream.chain((events) =>
      anyChunking(Buffer.from(events.map(encode).join(''))).map((chunks) => ({ events, chunks })),
    );
    fc.assert(
      fc.property(cut, ({ events, chunks }) => {
        const expected = events.map(({ lines, type }) => ({ data: lines.join('\n'), type }));
        expect(parse(chunks)).toEqual({ events: expected, unfinished: false });
        expect(parse(singleBytes(Buffer.concat(chunks))).events).toEqual(expected);
      }),
    );
  });

  it('accepts data without a space after the colon, and ignores comments', () => {
    expect(parse([Buffer.from(': ping\n\ndata:a\n\nid: 7\n\n')]).events).toEqual([{ data: 'a', type: '' }]);
  });

  it('reports an unfinished event', () => {
    expect(parse([Buffer.from('data: a\n')])).toEqual({ events: [], unfinished: true });
    expect(parse([Buffer.from('data: a\n\ndat')]).unfinished).toBe(true);
  });

  it('rejects an overlong line', () => {
    const mebibyte = Buffer.alloc(1024 * 1024, 'a');
    expect(() => parse([mebibyte, mebibyte])).toThrow('longer than');
  });

  it('copies data out of the chunk', () => {
    const shared = Buffer.from('data: one');
    const events: string[] = [];
    const parser = new SseParser((data) => events.push(data));
    parser.push(shared);
    shared.fill('x');
    parser.push(Buffer.from('!\n\n'));
    expect(events).toEqual(['one!']);
  });
});
