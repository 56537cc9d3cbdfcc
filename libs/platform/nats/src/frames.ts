/**
 * The wire format of a stream's response. One NATS message contains any number of frames of any number of streams to
 * the same caller: a decode step of a continuous batch produces a token for many of them at once, and sharing one
 * message keeps the cost per token low (docs/adr/0002).
 *
 *     frame := kind u8 | stream id u48 | sequence u32 | length u32 | payload
 *
 * Integers are big-endian. A payload that does not fit into a message is split; all parts but the last have CONTINUED
 * set in their kind, and each has its own sequence number, so a lost part is a gap like any other.
 */
export const frameKind = { accept: 1, head: 2, data: 3, end: 4, error: 5, ping: 6 } as const;
export type FrameKind = (typeof frameKind)[keyof typeof frameKind];

const CONTINUED = 0x80;
const HEADER_BYTES = 15;
const SEQUENCE_MODULUS = 2 ** 32;

/** The upper bound of stream ids, exclusive: 48 bits, which a double represents exactly. */
export const STREAM_IDS = 2 ** 48;

export interface Frame {
  readonly kind: FrameKind;
  readonly continued: boolean;
  readonly streamId: number;
  readonly sequence: number;
  /** A view into the message: valid as long as the message's buffer. */
  readonly payload: Uint8Array;
}

/** Encodes one frame. */
export function encodeFrame(
  kind: FrameKind,
  continued: boolean,
  streamId: number,
  sequence: number,
  payload: Uint8Array,
): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  frame[0] = continued ? kind | CONTINUED : kind;
  frame.writeUIntBE(streamId, 1, 6);
  frame.writeUInt32BE(sequence % SEQUENCE_MODULUS, 7);
  frame.writeUInt32BE(payload.length, 11);
  frame.set(payload, HEADER_BYTES);
  return frame;
}

/**
 * Calls `each` with every frame of a message.
 * @throws {RangeError} when the message is not a sequence of well-formed frames; frames before the invalid one were
 * delivered.
 */
export function decodeFrames(message: Uint8Array, each: (frame: Frame) => void): void {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  let at = 0;
  while (at < bytes.length) {
    if (bytes.length - at < HEADER_BYTES) throw new RangeError('truncated frame header');
    const kindByte = bytes[at] as number;
    const kind = (kindByte & ~CONTINUED) as FrameKind;
    if (kind < frameKind.accept || kind > frameKind.ping) throw new RangeError(`unknown frame kind ${kind}`);
    const length = bytes.readUInt32BE(at + 11);
    const start = at + HEADER_BYTES;
    if (length > bytes.length - start) throw new RangeError('truncated frame payload');
    each({
      kind,
      continued: (kindByte & CONTINUED) !== 0,
      streamId: bytes.readUIntBE(at + 1, 6),
      sequence: bytes.readUInt32BE(at + 7),
      // Not `subarray`: creating a Buffer takes several times as long, and there is one per token.
      payload: new Uint8Array(bytes.buffer, bytes.byteOffset + start, length),
    });
    at = start + length;
  }
}

/**
 * Collects the frames of one event-loop turn and publishes them in as few messages as the size limit allows. All
 * streams to one caller share one writer.
 */
export class FrameWriter {
  readonly #publish: (message: Uint8Array) => void;
  readonly #bytesMax: number;
  #frames: Buffer[] = [];
  #bytes = 0;
  #scheduled = false;

  constructor(publish: (message: Uint8Array) => void, bytesMax: number) {
    this.#publish = publish;
    this.#bytesMax = bytesMax;
  }

  /** Queues one payload. Returns the number of frames, by which the stream's sequence advances. */
  write(kind: FrameKind, streamId: number, sequence: number, payload: Uint8Array): number {
    const room = this.#bytesMax - HEADER_BYTES;
    let frames = 0;
    let at = 0;
    do {
      const part = payload.length <= room ? payload : payload.subarray(at, at + room);
      at += part.length;
      this.#add(encodeFrame(kind, at < payload.length, streamId, sequence + frames, part));
      frames += 1;
    } while (at < payload.length);
    return frames;
  }

  flush(): void {
    this.#scheduled = false;
    if (this.#frames.length === 0) return;
    const message = this.#frames.length === 1 ? (this.#frames[0] as Buffer) : Buffer.concat(this.#frames, this.#bytes);
    this.#frames = [];
    this.#bytes = 0;
    this.#publish(message);
  }

  #add(frame: Buffer): void {
    if (this.#bytes + frame.length > this.#bytesMax) this.flush();
    this.#frames.push(frame);
    this.#bytes += frame.length;
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => this.flush());
    }
  }
}

/** Checks that the frames of one stream arrive without a gap, and joins split payloads. */
export class FrameReader {
  #expected = 0;
  #parts: Uint8Array[] = [];
  #partBytes = 0;
  readonly #bytesMax: number;

  /** @param bytesMax maximum size of a joined payload. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /**
   * @returns the whole payload, or undefined while parts are missing.
   * @throws {RangeError} on a gap, or when a payload exceeds the limit.
   */
  accept(frame: Frame): Uint8Array | undefined {
    if (frame.sequence !== this.#expected)
      throw new RangeError(`expected frame ${this.#expected}, got ${frame.sequence}`);
    this.#expected = (this.#expected + 1) % SEQUENCE_MODULUS;
    if (!frame.continued && this.#parts.length === 0) return frame.payload;
    this.#partBytes += frame.payload.length;
    if (this.#partBytes > this.#bytesMax) throw new RangeError(`a payload is larger than ${this.#bytesMax} bytes`);
    this.#parts.push(frame.payload);
    if (frame.continued) return undefined;
    const whole = Buffer.concat(this.#parts, this.#partBytes);
    this.#parts = [];
    this.#partBytes = 0;
    return whole;
  }
}
