/**
 * Why a model is rejected. The checks run in a process that loads as little as possible, so they do not know the error table:
 * whoever talks to the rest of the platform turns a rejection into an AppError (`as-app-error.ts`).
 */
export class ModelRejection extends Error {
  override readonly name = 'ModelRejection';
  /** Not set: the archive or the model as a whole. */
  readonly file: string | undefined;

  /** @param reason a part of a sentence, for the owner of the model: "the header is not JSON". */
  constructor(reason: string, file?: string) {
    super(reason);
    this.file = file;
  }
}

/** Rejects with this reason, unless the claim holds. */
export function ensureModel(claim: boolean, reason: string | (() => string)): asserts claim {
  if (!claim) throw new ModelRejection(typeof reason === 'string' ? reason : reason());
}

const SHOWN_LENGTH_MAX = 80;

/** A text of an upload in the form that messages show it: quoted, without control characters, and short. */
export function shown(text: string): string {
  const short = text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}...` : text;
  return JSON.stringify(short.toWellFormed().replace(/[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/g, '?'));
}
