/** Parses JSON bodies: limited in bytes, depth and parts, with specific errors. Other media types are rejected. */
import { AppError } from '@xerotier/errors';
import type { FastifyInstance } from 'fastify';
import { isUtf8 } from 'node:buffer';
import { BODY_BOUNDS, exceededJsonBound } from './json-bounds.ts';
import type { JsonBounds } from './json-bounds.ts';

const EXCEEDED: Readonly<Record<keyof JsonBounds, string>> = {
  depthMax: `The request body is nested more than ${BODY_BOUNDS.depthMax} levels deep.`,
  partsMax: `The request body has more than ${BODY_BOUNDS.partsMax} objects, arrays and keys.`,
};

export function readJsonBodies(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, ({ headers }, body: Buffer, done) => {
    try {
      rejectEncoded(headers['content-encoding']);
      // Clients send the type of a body without sending a body: the handler decides whether one is required.
      done(null, body.length === 0 ? undefined : parseJsonBody(body));
    } catch (error) {
      done(AppError.from(error));
    }
  });
}

/** @throws {AppError} `request.unsupported_media_type` for a compressed body. */
function rejectEncoded(encoding: string | undefined): void {
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return;
  throw new AppError('request.unsupported_media_type', { mediaType: 'application/json without a Content-Encoding' });
}

/**
 * Of duplicate keys the last one wins, as in JSON.parse. An integer in a top-level field that fits into 64 bits but not
 * into a number becomes a bigint; deeper and longer ones are rounded.
 * @throws {AppError} `request.unreadable_json`, or `request.invalid` when it is nested too deeply or has too many
 * parts.
 */
export function parseJsonBody(body: Buffer): unknown {
  const exceeded = exceededJsonBound(body, BODY_BOUNDS);
  if (exceeded !== undefined) throw new AppError('request.invalid', { reason: EXCEEDED[exceeded] });
  // Decoding would replace invalid bytes with another character, and a model would respond to that.
  if (!isUtf8(body)) throw new AppError('request.unreadable_json', { reason: 'it is not UTF-8.' });
  try {
    const text = body.toString('utf8');
    return LONG_INTEGER.test(text) ? parseExactly(text) : JSON.parse(text);
  } catch (cause) {
    throw new AppError('request.unreadable_json', { reason: bounded(`${(cause as Error).message}.`) }, { cause });
  }
}

/** As the value of a key. Only bodies with a match take the slower path. */
const LONG_INTEGER = /:\s*-?\d{16}/;
const INTEGER = /^-?\d+$/;
/** Enough for 64 bits. Parsing longer integers takes superlinear time, and no field accepts them. */
const EXACT_LENGTH_MAX = 20;

/** The reviver with access to the source text. The configured TypeScript library does not declare it. */
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

/** A parser quotes the text around the error, which may be long. */
function bounded(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 200)}...`;
}
