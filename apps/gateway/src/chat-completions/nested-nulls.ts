/**
 * `null` means the same as leaving a field out, in nested objects too: clients send back messages as they dumped them, with
 * every field that they know. JSON schemas are left alone, where null is a value like any other.
 */
import type { Fields } from '../requests/request-fields.ts';

/** The same request with fewer nulls; undefined when there is none that could be left out. */
export function withoutNestedNulls(fields: Fields): Fields | undefined {
  const { messages, tools, response_format: format } = fields;
  const relaxed = {
    ...fields,
    ...(Array.isArray(messages) && { messages: messages.map(message) }),
    ...(Array.isArray(tools) && { tools: tools.map((tool) => inside(tool, 'function', left)) }),
    ...(isObject(format) && { response_format: inside(format, 'json_schema', left) }),
  };
  return JSON.stringify(relaxed) === JSON.stringify(fields) ? undefined : relaxed;
}

/** Of a message, `content` stays: null is a content of its own. */
function message(value: unknown): unknown {
  if (!isObject(value)) return value;
  const { content } = value;
  return {
    ...left(value),
    ...('content' in value && { content: Array.isArray(content) ? content.map(part) : content }),
  };
}

/** A part holds its content under the name of its type. */
function part(value: unknown): unknown {
  return isObject(value) && typeof value['type'] === 'string' ? inside(left(value), value['type'], left) : value;
}

function inside(value: unknown, name: string, change: (inner: Fields) => Fields): unknown {
  if (!isObject(value)) return value;
  const inner = value[name];
  return isObject(inner) ? { ...value, [name]: change(inner) } : value;
}

function left(value: Fields): Fields {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null));
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
