import { z } from 'zod';

/**
 * An object with a limited number of arbitrary names, to be piped into a record. The names are counted first, since a record
 * reports an issue for each of them, and a body may contain a hundred thousand.
 *
 * @param jsonSchema the schema of names and values for the OpenAPI document, which zod cannot derive from a custom check.
 */
export function boundedObject<T>(
  namesMax: number,
  tooManyMessage: string,
  jsonSchema: Readonly<Record<string, unknown>>,
): z.ZodCustom<Record<string, T>, Record<string, T>> {
  return (
    z
      .custom<Record<string, T>>()
      .refine((value) => !isRecord(value) || Object.keys(value).length <= namesMax, tooManyMessage)
      // A record would drop it silently.
      .refine(
        (value) => !isRecord(value) || !Object.hasOwn(value, '__proto__'),
        "must not contain the name '__proto__'",
      )
      .meta({ jsonSchema: { type: 'object', ...jsonSchema, maxProperties: namesMax } })
  );
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
