import type { ResponseStream } from '@xerotier/nats';

/** Small enough for a frame. */
const CHUNK_BYTES = 256 * 1_024;

/** Writes a value as JSON, in data frames that are its parts. */
export function writeJson(stream: Pick<ResponseStream<unknown>, 'data'>, value: unknown): void {
  const json = Buffer.from(JSON.stringify(value));
  for (let at = 0; at < json.length; at += CHUNK_BYTES) stream.data(json.subarray(at, at + CHUNK_BYTES));
}
