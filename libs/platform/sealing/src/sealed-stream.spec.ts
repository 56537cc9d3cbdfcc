import fc from 'fast-check';
import { randomBytes } from 'node:crypto';
import { newDataKey, UnsealError } from './seal.ts';
import { FRAME_BYTES, openStream, sealedStreamBytes, sealStream } from './sealed-stream.ts';
import type { ByteRange, SealedSource } from './sealed-stream.ts';

const key = newDataKey();
const CONTEXT = ['file', 'proj_1', 'blob_1'];
const SEALED_FRAME_BYTES = FRAME_BYTES + 16;
const HEAD_BYTES = 17;

/** Lengths around the edges of frames, and any other. */
const length = fc.oneof(
  fc.constantFrom(0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 2 * FRAME_BYTES, 2 * FRAME_BYTES + 1),
  fc.nat(3 * FRAME_BYTES),
);
const pieceSize = fc.oneof(fc.integer({ min: 1_000, max: 3 * FRAME_BYTES }), fc.constantFrom(FRAME_BYTES, 4_096));

async function* pieces(bytes: Uint8Array, size = 10_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    yield bytes.subarray(at, at + size);
    // Sources may yield nothing now and then.
    yield new Uint8Array();
  }
}

async function joined(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function sealed(content: Uint8Array, size?: number): Promise<Buffer> {
  return joined(sealStream(key, pieces(content, size), CONTEXT));
}

function sourceOf(stream: Uint8Array, bytes: number, size?: number): SealedSource & { readonly reads: ByteRange[] } {
  const reads: ByteRange[] = [];
  return {
    bytes,
    reads,
    read: (range) => {
      reads.push(range);
      return pieces(stream.subarray(range.start, range.end), size);
    },
  };
}

function opened(stream: Uint8Array, bytes: number, range?: ByteRange): Promise<Buffer> {
  return joined(openStream(key, sourceOf(stream, bytes), CONTEXT, range));
}

describe('a sealed stream', () => {
  it('opens, whatever its length and its pieces', async () => {
    await fc.assert(
      fc.asyncProperty(length, pieceSize, pieceSize, async (bytes, written, read) => {
        const content = randomBytes(bytes);
        const stream = await sealed(content, written);
        expect(stream).toHaveLength(sealedStreamBytes(bytes));
        const result = await joined(openStream(key, sourceOf(stream, bytes, read), CONTEXT));
        expect(result.equals(content)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('opens in ranges', async () => {
    const ranges = length.chain((bytes) => fc.tuple(fc.constant(bytes), fc.nat(bytes), fc.nat(bytes)));
    await fc.assert(
      fc.asyncProperty(ranges, async ([bytes, one, other]) => {
        const [start, end] = [Math.min(one, other), Math.max(one, other)];
        const content = randomBytes(bytes);
        const result = await opened(await sealed(content), bytes, { start, end });
        expect(result.equals(content.subarray(start, end))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('reads only the frames of a range', async () => {
    const bytes = 5 * FRAME_BYTES;
    const source = sourceOf(await sealed(randomBytes(bytes)), bytes);
    await joined(openStream(key, source, CONTEXT, { start: FRAME_BYTES + 1, end: 3 * FRAME_BYTES }));
    const [head, frames] = source.reads;
    expect(head).toEqual({ start: 0, end: HEAD_BYTES });
    expect(frames).toEqual({
      start: HEAD_BYTES + SEALED_FRAME_BYTES,
      end: HEAD_BYTES + 3 * SEALED_FRAME_BYTES,
    });
  });

  it('is different each time, under a key of its own', async () => {
    const [one, other] = await Promise.all([sealed(Buffer.alloc(100)), sealed(Buffer.alloc(100))]);
    expect(one.subarray(HEAD_BYTES).equals(other.subarray(HEAD_BYTES))).toBe(false);
    const mixed = Buffer.concat([one.subarray(0, HEAD_BYTES), other.subarray(HEAD_BYTES)]);
    await expect(opened(mixed, 100)).rejects.toThrow(UnsealError);
  });

  it.each([
    [-1, 5],
    [5, 4],
    [0, 101],
    [0.5, 5],
  ])('rejects the range %d to %d of 100 bytes', async (start, end) => {
    const stream = await sealed(randomBytes(100));
    await expect(opened(stream, 100, { start, end })).rejects.toThrow(RangeError);
  });

  it('rejects a key of another length', async () => {
    await expect(joined(sealStream(new Uint8Array(16), pieces(new Uint8Array(1)), CONTEXT))).rejects.toThrow(
      'A key has 32 bytes',
    );
  });
});

describe('a sealed stream does not open', () => {
  const bytes = 2 * FRAME_BYTES + 100;
  const content = randomBytes(bytes);
  let stream: Buffer;
  beforeAll(async () => void (stream = await sealed(content)));

  const frameAt = (index: number): number => HEAD_BYTES + index * SEALED_FRAME_BYTES;
  const frame = (index: number): Buffer => stream.subarray(frameAt(index), frameAt(index + 1));
  const head = (): Buffer => stream.subarray(0, HEAD_BYTES);

  it('with another key, or as another object', async () => {
    const source = sourceOf(stream, bytes);
    await expect(joined(openStream(newDataKey(), source, CONTEXT))).rejects.toThrow(UnsealError);
    await expect(joined(openStream(key, source, ['file', 'proj_1', 'blob_2']))).rejects.toThrow(UnsealError);
  });

  it('with any bit flipped', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(stream.length * 8 - 1), async (bit) => {
        const changed = Buffer.from(stream);
        changed[bit >> 3] = changed[bit >> 3]! ^ (1 << (bit & 7));
        await expect(opened(changed, bytes)).rejects.toThrow(UnsealError);
      }),
      { numRuns: 60 },
    );
  });

  it('with frames swapped, repeated or removed', async () => {
    for (const frames of [
      [frame(1), frame(0), frame(2)],
      [frame(0), frame(0), frame(2)],
      [frame(0), frame(2)],
      [frame(0), frame(1), frame(1), frame(2)],
    ])
      await expect(opened(Buffer.concat([head(), ...frames]), bytes)).rejects.toThrow(UnsealError);
  });

  it('when it is cut off, whatever length is claimed', async () => {
    for (const end of [0, HEAD_BYTES - 1, HEAD_BYTES, frameAt(1), frameAt(2), frameAt(2) + 5, stream.length - 1]) {
      const cut = stream.subarray(0, end);
      for (const claimed of [bytes, FRAME_BYTES, 2 * FRAME_BYTES, 0])
        await expect(opened(cut, claimed)).rejects.toThrow(UnsealError);
    }
  });

  it('when its range is empty and it is not authentic', async () => {
    const changed = Buffer.from(stream);
    changed[HEAD_BYTES] = changed[HEAD_BYTES]! ^ 1;
    await expect(opened(changed, bytes, { start: 0, end: 0 })).rejects.toThrow(UnsealError);
    await expect(opened(changed, bytes, { start: bytes, end: bytes })).resolves.toHaveLength(0);
  });
});
