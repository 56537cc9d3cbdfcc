/**
 * The common part of the inputs of several streams. Streams that are opened with it on one subject in one turn of the
 * event loop are sent as one message: its body is the common part, and a header contains the individual part of each
 * stream.
 *
 *     Xero-Streams: [{"id": 1, "input": {...}}, {"id": 2, "input": {...}, "traceparent": "00-..."}]
 *
 * From then on each is a stream of its own, with its own frames, control messages and end.
 */
import { z } from 'zod';
import { encode } from './codec.ts';

/** Maximum number of streams per message; more are sent in several messages. */
export const OPENINGS_MAX = 32;

export interface Opening {
  readonly id: number;
  /** The part of this stream alone. */
  readonly input: Readonly<Record<string, unknown>>;
  /** Of its own span; absent where that of the message is its too. */
  readonly traceparent?: string | undefined;
}

export class SharedInput<Input extends object = object> {
  readonly value: Partial<Input>;
  #bytes: Uint8Array | undefined;

  constructor(value: Partial<Input>) {
    this.value = value;
  }

  /** Serialized on first use, once for all messages. */
  get bytes(): Uint8Array {
    return (this.#bytes ??= encode(this.value));
  }
}

export function encodeOpenings(openings: readonly Opening[]): string {
  return JSON.stringify(openings.map(({ id, input, traceparent }) => ({ id, input, traceparent })));
}

const openingsSchema = z
  .array(
    z.object({
      id: z.number().int().nonnegative(),
      input: z.record(z.string(), z.unknown()),
      traceparent: z.string().max(64).optional(),
    }),
  )
  .min(1)
  .max(OPENINGS_MAX);

/** Returns undefined when the header is invalid. */
export function decodeOpenings(header: string): Opening[] | undefined {
  try {
    return openingsSchema.parse(JSON.parse(header));
  } catch {
    return undefined;
  }
}
