import { z } from 'zod';
import { isRecord } from './bounded-object.ts';

/**
 * A query parameter that may be repeated, also with brackets, as the SDKs of OpenAI send it: `include=a&include=b`,
 * `include[]=a`, `include[0]=a`. Default: an empty list.
 */
export function queryList<const Value extends string>(values: readonly Value[]): z.ZodType<Value[]> {
  const items = { type: 'string', enum: values };
  return z
    .preprocess(
      (given) => (given === undefined ? [] : textsOf(given)),
      z.array(z.enum(values as readonly [Value, ...Value[]])).max(values.length),
    )
    .meta({ jsonSchema: { type: 'array', items, maxItems: values.length, default: [] } });
}

function textsOf(value: unknown): unknown {
  if (isRecord(value)) return Object.values(value).flat();
  return Array.isArray(value) ? value : [value];
}
