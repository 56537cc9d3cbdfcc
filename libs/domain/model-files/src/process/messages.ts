/** What the parent and the process that checks a model tell each other. */
import type { ModelFacts } from '../checks/model-facts.ts';

/** Of one message with content. */
export const PIECE_BYTES_MAX = 1_024 * 1_024;

export type ToChild =
  | { readonly type: 'check'; readonly files: readonly { readonly name: string; readonly size: number }[] }
  /** The bytes that were asked for last. */
  | { readonly type: 'bytes'; readonly bytes: Uint8Array };

export type FromChild =
  /** One at a time, of at most 1 MiB. `file` is its place in the list. */
  | { readonly type: 'read'; readonly file: number; readonly start: number; readonly end: number }
  | { readonly type: 'accepted'; readonly facts: ModelFacts }
  | { readonly type: 'rejected'; readonly reason: string; readonly file: string | undefined }
  /** A defect of the check. */
  | { readonly type: 'failed'; readonly stack: string };
