/** Reads JSON bodies: bounded in bytes, depth and parts, with errors that say what is wrong. Other media types are refused. */
import { AppError } from '@xerotier/errors';
import type { FastifyInstance } from 'fastify';
import { isUtf8 } from 'node:buffer';
import { exceededJsonBound } from './json-bounds.ts';
import type { JsonBounds } from './json-bounds.ts';

const BOUNDS: JsonBounds = { depthMax: 64, partsMax: 100_000 };
const EXCEEDED: Readonly<Record<keyof JsonBounds, string>> = {
  depthMax: `The request body is nested more than ${BOUNDS.depthMax} levels deep.`,
  partsMax: `The request body has more than ${BOUNDS.partsMax} objects, lists and names in it.`,
};

export function readJsonBodies(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, ({ headers }, body: Buffer, done) => {
    try {
      rejectEncoded(headers['content-encoding']);
      // Clients name the type of a body that they do not send: it is for the handler to say whether there must be one.
      done(null, body.length === 0 ? undefined : parseJsonBody(body));
    } catch (error) {
      done(AppError.from(error));
    }
  });
}

/** @throws {AppError} `request.unsupported_media_type` for a body that is compressed. */
function rejectEncoded(encoding: string | undefined): void {
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return;
  throw new AppError('request.unsupported_media_type', { mediaType: 'application/json without a Content-Encoding' });
}

/**
 * Of a name that comes twice in an object, the last one counts, as everywhere in JavaScript. An integer that is a field of
 * the body itself and that 64 bits can hold but a number cannot is a bigint; deeper and longer ones are rounded.
 * @throws {AppError} `request.unreadable_json`, or `request.invalid` when it is nested too deeply or has too many parts.
 */
export function parseJsonBody(body: Buffer): unknown {
  const exceeded = exceededJsonBound(body, BOUNDS);
  if (exceeded !== undefined) throw new AppError('request.invalid', { reason: EXCEEDED[exceeded] });
  // Decoding would put another character in the place of what is none, and a model would answer to that.
  if (!isUtf8(body)) throw new AppError('request.unreadable_json', { reason: 'it is not UTF-8.' });
  try {
    const text = body.toString('utf8');
    return LONG_INTEGER.test(text) ? parseExactly(text) : JSON.parse(text);
  } catch (cause) {
    throw new AppError('request.unreadable_json', { reason: bounded(`${(cause as Error).message}.`) }, { cause });
  }
}

/** As the value of a name. Only what has one is read in the slower way. */
const LONG_INTEGER = /:\s*-?\d{16}/;
const INTEGER = /^-?\d+$/;
/** What 64 bits need. Reading longer ones takes time that grows faster than they do, and nothing takes them. */
const EXACT_LENGTH_MAX = 20;

/** What the parser tells of a value beside its rounded form. The types of JavaScript's newest library are not loaded here. */
type Reviver = (this: unknown, name: string, value: unknown, context: { readonly source?: string }) => unknown;

function parseExactly(text: string): unknown {
  const exact = new Map<unknown, Map<string, bigint>>();
  const note: Reviver = function (name, value, { source = '' }) {
    if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
    if (source.length > EXACT_LENGTH_MAX || !INTEGER.test(source)) return value;
    const fields = exact.get(this) ?? new Map<string, bigint>();
    exact.set(this, fields.set(name, BigInt(source)));
    return value;
  };
  const body: unknown = JSON.parse(text, note as Parameters<typeof JSON.parse>[1]);
  const fields = Array.isArray(body) ? undefined : exact.get(body);
  return fields === undefined ? body : { ...(body as object), ...Object.fromEntries(fields) };
}

/** A parser quotes the text around the fault, which may be long. */
function bounded(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 200)}...`;
}
