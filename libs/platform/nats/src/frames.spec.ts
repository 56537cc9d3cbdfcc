import fc from 'fast-check';
import { decodeFrames, encodeFrame, frameKind, FrameReader, FrameWriter, STREAM_IDS } from './frames.ts';
import type { Frame, FrameKind } from './frames.ts';

const kinds = fc.constantFrom(...Object.values(frameKind));
const payloads = fc.uint8Array({ maxLength: 200 });
const ids = fc.integer({ min: 0, max: STREAM_IDS - 1 });

/** The frames of some messages, with payloads copied out of the message. */
function framesOf(messages: Uint8Array[]): Frame[] {
  const frames: Frame[] = [];
  for (const message of messages)
    decodeFrames(message, (frame) => frames.push({ ...frame, payload: Buffer.from(frame.payload) }));
  return frames;
}

describe('frames', () => {
  it('round-trip', () => {
    fc.assert(
      fc.property(
        kinds,
        fc.boolean(),
        ids,
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        payloads,
        (kind, continued, streamId, sequence, payload) => {
          const [frame] = framesOf([encodeFrame(kind, continued, streamId, sequence, payload)]);
          expect(frame).toEqual({ kind, continued, streamId, sequence, payload: Buffer.from(payload) });
        },
      ),
    );
  });

  it('are rejected when a message is truncated anywhere', () => {
    const whole = encodeFrame(frameKind.data, false, 7, 0, Buffer.from('twelve bytes'));
    for (let cut = 1; cut < whole.length; cut += 1) {
      expect(() => decodeFrames(whole.subarray(0, cut), () => undefined)).toThrow(RangeError);
    }
  });

  it('are rejected when their kind is unknown', () => {
    expect(() => decodeFrames(encodeFrame(9 as FrameKind, false, 1, 0, new Uint8Array(0)), () => undefined)).toThrow(
      'unknown frame kind',
    );
  });
});

describe('FrameWriter and FrameReader', () => {
  it('transfer the payloads of interleaved streams completely and in order, for any message size', () => {
    const writes = fc.array(fc.record({ stream: fc.integer({ min: 0, max: 3 }), payload: payloads }), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(writes, fc.integer({ min: 16, max: 400 }), (written, bytesMax) => {
        const messages: Uint8Array[] = [];
        const writer = new FrameWriter((message) => messages.push(message), bytesMax);
        const sequences = new Map<number, number>();
        for (const { stream, payload } of written) {
          const sequence = sequences.get(stream) ?? 0;
          sequences.set(stream, sequence + writer.write(frameKind.data, stream, sequence, payload));
        }
        writer.flush();
        expect(messages.every((message) => message.length <= bytesMax)).toBe(true);

        const readers = new Map<number, FrameReader>();
        const read: { stream: number; payload: Buffer }[] = [];
        for (const frame of framesOf(messages)) {
          const reader = readers.get(frame.streamId) ?? new FrameReader(10_000);
          readers.set(frame.streamId, reader);
          const payload = reader.accept(frame);
          if (payload !== undefined) read.push({ stream: frame.streamId, payload: Buffer.from(payload) });
        }
        expect(read).toEqual(written.map(({ stream, payload }) => ({ stream, payload: Buffer.from(payload) })));
      }),
    );
  });

  it('detect a lost frame', () => {
    const reader = new FrameReader(100);
    const frame = { kind: frameKind.data, continued: false, streamId: 1, payload: new Uint8Array(1) } as const;
    reader.accept({ ...frame, sequence: 0 });
    expect(() => reader.accept({ ...frame, sequence: 2 })).toThrow('expected frame 1, got 2');
  });

  it('reject a payload that exceeds the limit', () => {
    const reader = new FrameReader(10);
    const frame = { kind: frameKind.data, continued: true, streamId: 1, payload: new Uint8Array(6) } as const;
    reader.accept({ ...frame, sequence: 0 });
    expect(() => reader.accept({ ...frame, sequence: 1 })).toThrow('larger than 10 bytes');
  });

  it('batch the frames of one event-loop turn into one message', async () => {
    const messages: Uint8Array[] = [];
    const writer = new FrameWriter((message) => messages.push(message), 1_000);
    for (let stream = 0; stream < 5; stream += 1) writer.write(frameKind.data, stream, 0, new Uint8Array(3));
    await new Promise((resolve) => setImmediate(resolve));
    expect(messages).toHaveLength(1);
    expect(framesOf(messages).map(({ streamId }) => streamId)).toEqual([0, 1, 2, 3, 4]);
  });
});
