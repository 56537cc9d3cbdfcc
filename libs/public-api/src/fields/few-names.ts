import { z } from 'zod';

/**
 * An object with few names of the client's own, for a record to be piped into. They are counted first: a record says of each
 * name what is wrong with it, and a body may hold a hundred thousand of them.
 *
 * @param jsonSchema what the record says of names and values, for the API's document: a check of our own says nothing.
 */
export function fewNames<T>(
  namesMax: number,
  tooMany: string,
  jsonSchema: Readonly<Record<string, unknown>>,
): z.ZodCustom<Record<string, T>, Record<string, T>> {
  return (
    z
      .custom<Record<string, T>>()
      .refine((given) => !isRecord(given) || Object.keys(given).length <= namesMax, tooMany)
      // A record would leave it out without a word.
      .refine((given) => !isRecord(given) || !Object.hasOwn(given, '__proto__'), 'may not have the name __proto__')
      .meta({ jsonSchema: { type: 'object', ...jsonSchema, maxProperties: namesMax } })
  );
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
