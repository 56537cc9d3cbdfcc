/**
 * What the inputs of several streams have in common. Those that are opened with it on one subject in one turn of the event
 * loop leave as one message: the common part is its body, once, and what each stream has of its own is in a header.
 *
 *     Xero-Streams: [{"id": 1, "input": {...}}, {"id": 2, "input": {...}}]
 *
 * From there on each is a stream of its own, with its own frames, control messages and end.
 */
import { z } from 'zod';
import { encode } from './codec.ts';

/** Streams in one message; more of them are opened by several. */
export const OPENINGS_MAX = 32;

export interface Opening {
  readonly id: number;
  /** What it has beside the common part. */
  readonly input: Readonly<Record<string, unknown>>;
}

export class SharedInput<Input extends object = object> {
  readonly value: Partial<Input>;
  #bytes: Uint8Array | undefined;

  constructor(value: Partial<Input>) {
    this.value = value;
  }

  /** Serialized on first use, and once for all messages that it is sent in. */
  get bytes(): Uint8Array {
    return (this.#bytes ??= encode(this.value));
  }
}

export function encodeOpenings(openings: readonly Opening[]): string {
  return JSON.stringify(openings.map(({ id, input }) => ({ id, input })));
}

const openingsSchema = z
  .array(z.object({ id: z.number().int().nonnegative(), input: z.record(z.string(), z.unknown()) }))
  .min(1)
  .max(OPENINGS_MAX);

/** Undefined when the header cannot be read. */
export function decodeOpenings(header: string): Opening[] | undefined {
  try {
    return openingsSchema.parse(JSON.parse(header));
  } catch {
    return undefined;
  }
}
