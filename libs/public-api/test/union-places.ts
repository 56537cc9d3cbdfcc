/** Every place of a schema where a value may have one of several forms, with a whole value around it that would fit but for that. */
import { z } from 'zod';

export interface UnionPlace {
  /** As clients name it: `messages[0].content`. */
  readonly name: string;
  /** The whole value with this at the place of the union. */
  readonly around: (value: unknown) => unknown;
}

export function unionPlaces(schema: z.core.$ZodType, name = ''): UnionPlace[] {
  const inner = innerOf(schema);
  if (inner !== undefined) return unionPlaces(inner, name);
  if (schema instanceof z.ZodObject) {
    return Object.entries(schema.shape).flatMap(([key, field]) =>
      within(unionPlaces(field as z.ZodType, name === '' ? key : `${name}.${key}`), (value) => ({
        ...(fitting(schema) as object),
        [key]: value,
      })),
    );
  }
  if (schema instanceof z.ZodArray) return within(unionPlaces(schema.element, `${name}[0]`), (value) => [value]);
  if (schema instanceof z.ZodUnion) {
    return [{ name, around: (value) => value }, ...schema.options.flatMap((option) => unionPlaces(option, name))];
  }
  return [];
}

function within(places: readonly UnionPlace[], wrap: (value: unknown) => unknown): UnionPlace[] {
  return places.map(({ name, around }) => ({ name, around: (value) => wrap(around(value)) }));
}

function innerOf(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault)
    return schema.unwrap();
  // What is read, before it is transformed; of a preprocessed value, what is read afterwards.
  if (schema instanceof z.ZodPipe) return schema.in instanceof z.ZodTransform ? schema.out : schema.in;
  return undefined;
}

/** A value with what is required, and nothing else. */
function fitting(schema: z.core.$ZodType): unknown {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return undefined;
  if (schema instanceof z.ZodNullable) return null;
  const inner = innerOf(schema);
  if (inner !== undefined) return fitting(inner);
  if (schema instanceof z.ZodObject) {
    return Object.fromEntries(Object.entries(schema.shape).map(([key, field]) => [key, fitting(field as z.ZodType)]));
  }
  if (schema instanceof z.ZodArray) return [fitting(schema.element)];
  if (schema instanceof z.ZodUnion) return fitting(schema.options[0] as z.ZodType);
  if (schema instanceof z.ZodLiteral) return schema.value;
  if (schema instanceof z.ZodEnum) return schema.options[0];
  if (schema instanceof z.ZodString) return 'x';
  if (schema instanceof z.ZodBoolean) return true;
  if (schema instanceof z.ZodNumber) return Math.max(1, schema.minValue ?? 1);
  return {};
}
