import fc from 'fast-check';
import { LineBuffer } from './line-buffer.ts';

function collecting(capacity: number): { buffer: LineBuffer; chunks: string[] } {
  const chunks: string[] = [];
  const buffer = new LineBuffer({ write: (text) => void chunks.push(text) }, capacity);
  return { buffer, chunks };
}

describe('LineBuffer', () => {
  it('buffers lines until it is flushed, and then writes them together', () => {
    const { buffer, chunks } = collecting(100);
    buffer.write('one\n');
    buffer.write('two\n');
    expect(chunks).toEqual([]);
    buffer.flush();
    expect(chunks).toEqual(['one\ntwo\n']);
  });

  it('writes nothing when it is empty', () => {
    const { buffer, chunks } = collecting(100);
    buffer.flush();
    expect(chunks).toEqual([]);
  });

  it('flushes before a line that does not fit, and writes an oversized line directly', () => {
    const { buffer, chunks } = collecting(12);
    buffer.write('one\n');
    buffer.write('a line that is longer than all of it\n');
    expect(chunks).toEqual(['one\n', 'a line that is longer than all of it\n']);
  });

  it('preserves all lines and their order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary', maxLength: 40 })),
        fc.integer({ min: 1, max: 64 }),
        (lines, capacity) => {
          const { buffer, chunks } = collecting(capacity);
          for (const line of lines) buffer.write(line);
          buffer.flush();
          expect(chunks.join('')).toBe(lines.join(''));
        },
      ),
    );
  });
});
