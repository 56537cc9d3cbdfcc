/** Converts form values, which are all strings, to the types of the OpenAI specification. */
import { z } from 'zod';

const NUMBER = /^-?\d{1,15}(?:\.\d{1,15})?$/;

/** @param number schema with the bounds. */
export function formNumber(number: z.ZodNumber): z.ZodType<number, string> {
  return z.string().regex(NUMBER, 'must be a number').transform(Number).pipe(number);
}

export const formBoolean = z
  .enum(['true', 'false', 'True', 'False', '1', '0'], { error: 'must be true or false' })
  .transform((text) => text === '1' || text.toLowerCase() === 'true');

/** A field that was sent once is an array of one. */
export function formList<T>(entry: z.ZodType<T, string>, entriesMax: number): z.ZodType<T[]> {
  return z.preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(entry).min(1).max(entriesMax));
}
