import type { ModelShape } from '@xerotier/contracts/router';
import { InvalidModelField } from '@xerotier/model-fit';
import { isObject } from '../json/read-json.ts';
import type { JsonObject, JsonValue } from '../json/read-json.ts';

/** A model whose memory cannot be computed may still be one that an engine loads: undefined, not a rejection. */
export function shapeUnlessInvalid(read: () => ModelShape): ModelShape | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof InvalidModelField) return undefined;
    throw error;
  }
}

/** A configuration has at most 32 levels, so the recursion is bounded. */
export function plainObjectOf(value: JsonObject): Readonly<Record<string, unknown>> {
  return Object.fromEntries([...value].map(([name, each]) => [name, plainOf(each)]));
}

function plainOf(value: JsonValue): unknown {
  if (isObject(value)) return plainObjectOf(value);
  return Array.isArray(value) ? (value as readonly JsonValue[]).map(plainOf) : value;
}
