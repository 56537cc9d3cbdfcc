/**
 * Removes null from nested objects, where it is the same as an omitted field: clients send back messages that they serialized
 * with all fields. JSON schemas are unchanged, since null is a regular value there.
 */
import type { Fields } from '../requests/request-fields.ts';

/** Returns the request without nested nulls; undefined if there are none. */
export function withoutNestedNulls(fields: Fields): Fields | undefined {
  const relaxed: Fields = {
    ...fields,
    messages: each(fields['messages'], relaxedMessage),
    tools: each(fields['tools'], (tool) => within(tool, 'function')),
    response_format: within(fields['response_format'], 'json_schema'),
  };
  // Unchanged values keep their identity.
  return ['messages', 'tools', 'response_format'].some((name) => relaxed[name] !== fields[name]) ? relaxed : undefined;
}

/** Keeps `content` of a message, for which null is a valid value. */
function relaxedMessage(value: unknown): unknown {
  if (!isObject(value)) return value;
  const message = withoutNulls(value, 'content');
  const content = each(message['content'], relaxedPart);
  return content === message['content'] ? message : { ...message, content };
}

/** The content of a part is in the field named like its type. */
function relaxedPart(value: unknown): unknown {
  return isObject(value) && typeof value['type'] === 'string' ? within(withoutNulls(value), value['type']) : value;
}

function within(value: unknown, name: string): unknown {
  if (!isObject(value)) return value;
  const inner = value[name];
  const relaxed = isObject(inner) ? withoutNulls(inner) : inner;
  return relaxed === inner ? value : { ...value, [name]: relaxed };
}

function each(value: unknown, change: (entry: unknown) => unknown): unknown {
  if (!Array.isArray(value)) return value;
  const changed = value.map(change);
  return changed.some((entry, i) => entry !== value[i]) ? changed : value;
}

function withoutNulls(value: Fields, kept?: string): Fields {
  const remaining = Object.entries(value).filter(([name, field]) => field !== null || name === kept);
  return remaining.length === Object.keys(value).length ? value : Object.fromEntries(remaining);
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
