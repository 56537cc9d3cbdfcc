/** The content of a response: decoded, and bounded before, between and after its encodings, however much it expands. */
import { AppError } from '@xerotier/errors';
import { pipeline, Transform } from 'node:stream';
import type { Readable, TransformCallback } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { bodyFailure, unreadable } from './egress-failure.ts';

export const ACCEPTED_ENCODINGS = 'gzip, deflate, br, zstd';
const ENCODINGS_MAX = 5;
/** 8 MiB, the most that a decoder has to support (RFC 9659). */
const ZSTD_WINDOW_LOG_MAX = 23;

const DECODERS: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
  ['zstd', () => createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX } })],
]);

/**
 * Returns the names of the encodings, in the order in which they were applied.
 * @throws {AppError} `egress.unreadable` when one is unknown, or there are too many.
 */
export function parseEncodings(header: string | undefined): string[] {
  const names = (header ?? '').toLowerCase().split(',');
  const encodings = names.map((name) => name.trim()).filter((name) => name !== '' && name !== 'identity');
  if (encodings.length > ENCODINGS_MAX) throw unreadable(`it has more than ${ENCODINGS_MAX} encodings`);
  if (!encodings.every((name) => DECODERS.has(name))) throw unreadable('its content-encoding is unknown');
  return encodings;
}

export interface BoundedBodyOptions {
  readonly encodings: readonly string[];
  readonly bytesMax: number;
  /** Its reason is the error of the body when it is aborted. */
  readonly signal: AbortSignal;
}

/** Destroying the result destroys the source, and the other way round. Its errors are AppErrors, or the reason of the signal. */
export function boundedBody(source: Readable, { encodings, bytesMax, signal }: BoundedBodyOptions): Readable {
  const decoders = encodings.toReversed().map((name) => (DECODERS.get(name) as () => Transform)());
  const stages = decoders.flatMap((decoder) => [new ByteLimit(bytesMax, signal), decoder]);
  const body = new ByteLimit(bytesMax, signal);
  // Errors arrive at the last stage, which is the one that is read.
  pipeline([source, ...stages, body], () => undefined);
  return body;
}

class ByteLimit extends Transform {
  readonly #bytesMax: number;
  readonly #signal: AbortSignal;
  #bytes = 0;

  constructor(bytesMax: number, signal: AbortSignal) {
    super();
    this.#bytesMax = bytesMax;
    this.#signal = signal;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#bytesMax) callback(new AppError('egress.too_large', { bytesMax: this.#bytesMax }));
    else callback(null, chunk);
  }

  /** Here and not in `_destroy`, so that it is also the error of who begins to read later. */
  override destroy(error?: Error | null): this {
    return super.destroy(error ? bodyFailure(error, this.#signal) : undefined);
  }
}
