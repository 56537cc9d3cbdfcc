import { z } from 'zod';

const UNSTORABLE = 'may not hold NUL characters or halves of surrogate pairs';

/** A text of up to so many characters that PostgreSQL can hold, which it can of neither of the two. */
export function storableText(lengthMax: number): z.ZodString {
  return z
    .string()
    .max(lengthMax)
    .refine((text) => !text.includes('\0') && text.isWellFormed(), UNSTORABLE);
}
