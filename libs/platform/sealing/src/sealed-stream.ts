/**
 * Sealed streams: content of any length that is encrypted as it comes, and of which any range can be read without the rest.
 *
 * A head (version, salt) and frames of 64 KiB, the last one shorter or empty. Each stream has a key of its own, derived from the data
 * key and the salt by HKDF, so that the number of a frame is a nonce that never repeats. The nonce also says whether a frame is the
 * last one, as in the STREAM construction (Hoang, Reyhanitabar, Rogaway and Vizár, "Online Authenticated-Encryption and its Nonce-Reuse
 * Misuse-Resistance", 2015): frames that are changed, swapped or cut off do not open.
 */
import { freeBuffer } from '@xerotier/buffers';
import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { Pieces } from './pieces.ts';
import { associatedData, KEY_BYTES, UnsealError } from './seal.ts';
import type { EncryptionContext } from './seal.ts';

/** Bytes of the content. */
export interface ByteRange {
  readonly start: number;
  /** Excluded. */
  readonly end: number;
}

/** Where a sealed stream is kept. */
export interface SealedSource {
  /** Length of the content, as it was when it was sealed: a stream of another length does not open. */
  readonly bytes: number;
  /** Reads bytes of the sealed stream, in pieces of any size, whose memory is freed. */
  read(range: ByteRange): AsyncIterable<Uint8Array>;
}

const CIPHER = 'aes-256-gcm';
const VERSION = 1;
const SALT_BYTES = 16;
const HEAD_BYTES = 1 + SALT_BYTES;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Of the content. */
export const FRAME_BYTES = 64 * 1_024;
const SEALED_FRAME_BYTES = FRAME_BYTES + TAG_BYTES;

/** The length of a sealed stream. @param bytes length of its content. */
export function sealedStreamBytes(bytes: number): number {
  return HEAD_BYTES + bytes + frameCount(bytes) * TAG_BYTES;
}

/**
 * Encrypts a stream under a key of 32 bytes. Sealing the same content twice returns different bytes. Of the content, nothing is used
 * any more when more of it is asked for.
 */
export async function* sealStream(
  key: Uint8Array,
  content: AsyncIterable<Uint8Array>,
  context: EncryptionContext,
): AsyncGenerator<Buffer, void, undefined> {
  const salt = randomBytes(SALT_BYTES);
  const frames = new FrameCipher(key, salt, context);
  const pieces = new Pieces();
  yield* pieces.add(Buffer.concat([Uint8Array.of(VERSION), salt]));
  let index = 0;
  // A frame is sealed when the next one begins: only then it is known not to be the last.
  const frame = Buffer.allocUnsafeSlow(FRAME_BYTES);
  let length = 0;
  for await (const chunk of content) {
    for (let at = 0; at < chunk.length;) {
      if (length === FRAME_BYTES) {
        yield* frames.seal(index++, false, frame, pieces);
        length = 0;
      }
      const taken = chunk.subarray(at, at + FRAME_BYTES - length);
      frame.set(taken, length);
      length += taken.length;
      at += taken.length;
    }
  }
  yield* frames.seal(index, true, frame.subarray(0, length), pieces);
  yield* pieces.end();
  freeBuffer(frame);
}

/**
 * Decrypts a range of a sealed stream; default: all of it. What it yields is authentic, also if it fails later.
 * @throws {RangeError} for a range that is not within the content.
 * @throws {UnsealError} unless the range was sealed under this key with this context and length.
 */
export async function* openStream(
  key: Uint8Array,
  source: SealedSource,
  context: EncryptionContext,
  range: ByteRange = { start: 0, end: source.bytes },
): AsyncGenerator<Buffer, void, undefined> {
  const { bytes } = source;
  const { start, end } = range;
  if (!(Number.isSafeInteger(start) && Number.isSafeInteger(end) && 0 <= start && start <= end && end <= bytes))
    throw new RangeError(`The range ${start} to ${end} is not within ${bytes} bytes`);
  const last = frameCount(bytes) - 1;
  // An empty range is read as well, so that a stream that is not authentic never looks empty.
  const firstFrame = Math.min(Math.floor(start / FRAME_BYTES), last);
  const lastFrame = Math.max(firstFrame, Math.ceil(end / FRAME_BYTES) - 1);
  const head = await readHead(source);
  if (head.length < HEAD_BYTES || head[0] !== VERSION) throw new UnsealError('Not a sealed stream');
  const frames = new FrameCipher(key, head.subarray(1), context);
  const sealed = {
    start: HEAD_BYTES + firstFrame * SEALED_FRAME_BYTES,
    end: Math.min(HEAD_BYTES + (lastFrame + 1) * SEALED_FRAME_BYTES, sealedStreamBytes(bytes)),
  };
  let index = firstFrame;
  const pieces = new Pieces(end - start);
  for await (const frame of inFrames(source.read(sealed))) {
    const opened = frames.open(index, index === last, frame);
    const at = index * FRAME_BYTES;
    yield* pieces.add(opened.subarray(Math.max(0, start - at), Math.max(0, end - at)));
    freeBuffer(opened);
    index += 1;
  }
  if (index <= lastFrame) throw new UnsealError('The sealed stream is too short');
}

class FrameCipher {
  readonly #key: KeyObject;
  readonly #associatedData: Buffer;

  constructor(key: Uint8Array, salt: Uint8Array, context: EncryptionContext) {
    if (key.length !== KEY_BYTES) throw new RangeError(`A key has ${KEY_BYTES} bytes`);
    this.#key = createSecretKey(new Uint8Array(hkdfSync('sha256', key, salt, 'xerotier sealed stream', KEY_BYTES)));
    this.#associatedData = associatedData(context);
  }

  *seal(index: number, isLast: boolean, content: Uint8Array, pieces: Pieces): Generator<Buffer, void, undefined> {
    const cipher = createCipheriv(CIPHER, this.#key, nonceOf(index, isLast), { authTagLength: TAG_BYTES });
    cipher.setAAD(this.#associatedData);
    const encrypted = cipher.update(content);
    // In this mode it returns no bytes.
    cipher.final();
    yield* pieces.add(encrypted);
    yield* pieces.add(cipher.getAuthTag());
    freeBuffer(encrypted);
  }

  open(index: number, isLast: boolean, frame: Uint8Array): Buffer {
    if (frame.length < TAG_BYTES) throw new UnsealError('The sealed stream is too short');
    const decipher = createDecipheriv(CIPHER, this.#key, nonceOf(index, isLast), { authTagLength: TAG_BYTES });
    decipher.setAAD(this.#associatedData);
    decipher.setAuthTag(frame.subarray(-TAG_BYTES));
    const opened = decipher.update(frame.subarray(0, -TAG_BYTES));
    try {
      decipher.final();
      return opened;
    } catch (cause) {
      throw new UnsealError('The sealed stream was modified, or has another length, context or key', { cause });
    }
  }
}

function nonceOf(index: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES);
  nonce.writeBigUInt64BE(BigInt(index), 0);
  nonce[NONCE_BYTES - 1] = isLast ? 1 : 0;
  return nonce;
}

/** At least one: the last frame of empty content is empty. */
function frameCount(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / FRAME_BYTES));
}

/** Cuts sealed frames out of a stream; the last one may be shorter. Each is valid until the next is asked for. */
async function* inFrames(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  // A frame that is spread over several chunks.
  const begun = Buffer.allocUnsafeSlow(SEALED_FRAME_BYTES);
  let length = 0;
  for await (const chunk of stream) {
    for (let at = 0; at < chunk.length;) {
      const taken = chunk.subarray(at, at + SEALED_FRAME_BYTES - length);
      at += taken.length;
      if (taken.length === SEALED_FRAME_BYTES) {
        yield taken;
        continue;
      }
      begun.set(taken, length);
      length += taken.length;
      if (length === SEALED_FRAME_BYTES) {
        yield begun;
        length = 0;
      }
    }
    freeBuffer(chunk);
  }
  if (length > 0) yield begun.subarray(0, length);
  freeBuffer(begun);
}

async function readHead(source: SealedSource): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source.read({ start: 0, end: HEAD_BYTES })) chunks.push(chunk);
  return Buffer.concat(chunks);
}
