/** Schemas for environment variables, which are always text. */
import { z } from 'zod';

/** An integer within bounds. */
export function integer(
  bounds: { min?: number; max?: number } = {},
): z.ZodPipe<z.ZodString, z.ZodTransform<number, string>> {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = bounds;
  return z.string().transform((text, context) => {
    const value = /^-?\d+$/.test(text) ? Number(text) : NaN;
    if (!(value >= min && value <= max)) {
      context.addIssue({ code: 'custom', message: `must be an integer between ${min} and ${max}` });
      return z.NEVER;
    }
    return value;
  });
}

/** `true` or `false`. */
export const boolean = z
  .enum(['true', 'false'], { error: 'must be true or false' })
  .transform((text) => text === 'true');

/** A URL with one of the given schemes. */
export function url(...schemes: string[]): z.ZodString {
  return z
    .string()
    .refine(
      (text) => URL.canParse(text) && schemes.includes(new URL(text).protocol.slice(0, -1)),
      `must be a URL with the scheme ${schemes.join(' or ')}`,
    );
}

export const port = integer({ min: 0, max: 65_535 });

export const logLevel = z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info');
