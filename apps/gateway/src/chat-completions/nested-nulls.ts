/**
 * `null` means the same as leaving a field out, in nested objects too: clients send back messages as they dumped them, with
 * every field that they know. JSON schemas are left alone, where null is a value like any other.
 */
import type { Fields } from '../requests/request-fields.ts';

/** The same request with fewer nulls; undefined when there is none that could be left out. */
export function withoutNestedNulls(fields: Fields): Fields | undefined {
  const relaxed: Fields = {
    ...fields,
    messages: each(fields['messages'], relaxedMessage),
    tools: each(fields['tools'], (tool) => within(tool, 'function')),
    response_format: within(fields['response_format'], 'json_schema'),
  };
  // What has nothing to leave out comes back as it is.
  return ['messages', 'tools', 'response_format'].some((name) => relaxed[name] !== fields[name]) ? relaxed : undefined;
}

/** Of a message, `content` stays: null is a content of its own. */
function relaxedMessage(value: unknown): unknown {
  if (!isObject(value)) return value;
  const message = withoutNulls(value, 'content');
  const content = each(message['content'], relaxedPart);
  return content === message['content'] ? message : { ...message, content };
}

/** A part holds its content under the name of its type. */
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
  return changed.some((entry, at) => entry !== value[at]) ? changed : value;
}

function withoutNulls(value: Fields, kept?: string): Fields {
  const given = Object.entries(value).filter(([name, field]) => field !== null || name === kept);
  return given.length === Object.keys(value).length ? value : Object.fromEntries(given);
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
