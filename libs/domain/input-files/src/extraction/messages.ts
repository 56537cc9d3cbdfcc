/** What the parent and the process that extracts text tell each other. */

/** Of the text of one file. */
export const TEXT_LENGTH_MAX = 2_000_000;
export const PAGES_MAX = 1_000;

export type ToChild =
  { readonly type: 'pdf'; readonly bytes: Uint8Array } | { readonly type: 'html'; readonly text: string };

export type FromChild =
  /** It works on the file: if it ends now, that is because of the file. */
  | { readonly type: 'begun' }
  | { readonly type: 'text'; readonly text: string }
  /** `reason` is a part of a sentence about the file: "it is encrypted". */
  | { readonly type: 'rejected'; readonly reason: string };
