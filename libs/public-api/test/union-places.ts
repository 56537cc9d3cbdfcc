/** Every union of a schema, with an otherwise valid value around it. */
import { z } from 'zod';

export interface UnionPlace {
  /** Such as `messages[0].content`. */
  readonly name: string;
  /** Returns the whole value with the given value at the place of the union. */
  readonly around: (value: unknown) => unknown;
}

export function unionPlaces(schema: z.core.$ZodType, name = ''): UnionPlace[] {
  const inner = innerOf(schema);
  if (inner !== undefined) return unionPlaces(inner, name);
  if (schema instanceof z.ZodObject) {
    return Object.entries(schema.shape).flatMap(([key, field]) =>
      within(unionPlaces(field as z.ZodType, name === '' ? key : `${name}.${key}`), (value) => ({
        ...(minimalValue(schema) as object),
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
  // The input of a transform, or the output of a preprocess.
  if (schema instanceof z.ZodPipe) return schema.in instanceof z.ZodTransform ? schema.out : schema.in;
  return undefined;
}

/** A valid value with the required fields only. */
function minimalValue(schema: z.core.$ZodType): unknown {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return undefined;
  if (schema instanceof z.ZodNullable) return null;
  const inner = innerOf(schema);
  if (inner !== undefined) return minimalValue(inner);
  if (schema instanceof z.ZodObject) {
    return Object.fromEntries(
      Object.entries(schema.shape).map(([key, field]) => [key, minimalValue(field as z.ZodType)]),
    );
  }
  if (schema instanceof z.ZodArray) return [minimalValue(schema.element)];
  if (schema instanceof z.ZodUnion) return minimalValue(schema.options[0] as z.ZodType);
  if (schema instanceof z.ZodLiteral) return schema.value;
  if (schema instanceof z.ZodEnum) return schema.options[0];
  if (schema instanceof z.ZodString) return 'x';
  if (schema instanceof z.ZodBoolean) return true;
  if (schema instanceof z.ZodNumber) return Math.max(1, schema.minValue ?? 1);
  return {};
}
