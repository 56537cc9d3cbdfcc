/** Fields that items of several kinds have. */
import { z } from 'zod';

/** Maximum number of parts, actions or calls in a list of an item. */
export const LIST_MAX = 2_048;

const NAME_LENGTH_MAX = 256;

/** `null` is the same as omitting the field. */
export function optional<T extends z.ZodType>(
  schema: T,
): z.ZodPipe<z.ZodOptional<z.ZodNullable<T>>, z.ZodTransform<z.output<T> | undefined, z.output<T> | null | undefined>> {
  return schema.nullish().transform((value) => value ?? undefined);
}

/** A field that is null if it is missing. */
export function nullable<T extends z.ZodType>(
  schema: T,
): z.ZodPipe<z.ZodOptional<z.ZodNullable<T>>, z.ZodTransform<z.output<T> | null, z.output<T> | null | undefined>> {
  return schema.nullish().transform((value) => value ?? null);
}

/** The status of an item of a client is `completed` unless it says otherwise. */
export function status<const Value extends string>(values: readonly Value[]): z.ZodType<Value | 'completed'> {
  return z
    .enum(values as readonly [Value, ...Value[]])
    .nullish()
    .transform((value) => value ?? 'completed');
}

export const COMPLETION_STATUSES = ['in_progress', 'completed', 'incomplete'] as const;

export const name = z.string().min(1).max(NAME_LENGTH_MAX);
export const callId = z.string().min(1).max(NAME_LENGTH_MAX);

export function listOf<T extends z.ZodType>(entry: T): z.ZodArray<T> {
  return z.array(entry).max(LIST_MAX);
}

/** An object whose meaning is up to others, such as a tool or its arguments. It is bounded by the body that it is in. */
export const openObject = z.looseObject({});

/** What has called a tool. */
export const caller = optional(
  z.discriminatedUnion('type', [
    z.object({ type: z.literal('direct') }),
    z.object({ type: z.literal('program'), caller_id: callId }),
  ]),
);
