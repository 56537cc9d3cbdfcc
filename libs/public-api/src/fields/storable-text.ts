import { z } from 'zod';

const UNSTORABLE = 'must not contain NUL characters or lone surrogates';

/** A string that PostgreSQL can store: without NUL characters and lone surrogates. */
export function storableText(lengthMax: number): z.ZodString {
  return z
    .string()
    .max(lengthMax)
    .refine((text) => !text.includes('\0') && text.isWellFormed(), UNSTORABLE);
}
