/** Reads JSON bodies: bounded in bytes and depth, with errors that say what is wrong. Other media types are refused. */
import { AppError } from '@xerotier/errors';
import type { FastifyInstance } from 'fastify';
import { jsonDepthExceeds } from './json-depth.ts';

const DEPTH_MAX = 64;

export function readJsonBodies(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body: Buffer, done) => {
    try {
      done(null, parseJsonBody(body));
    } catch (error) {
      done(AppError.from(error));
    }
  });
}

/** @throws {AppError} `request.unreadable_json`, or `request.invalid` when it is nested too deeply. */
export function parseJsonBody(body: Buffer): unknown {
  if (jsonDepthExceeds(body, DEPTH_MAX)) {
    throw new AppError('request.invalid', { reason: `The request body is nested more than ${DEPTH_MAX} levels deep.` });
  }
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    const reason = body.length === 0 ? 'it is empty.' : `${(cause as Error).message}.`;
    throw new AppError('request.unreadable_json', { reason: bounded(reason) }, { cause });
  }
}

/** A parser quotes the text around the fault, which may be long. */
function bounded(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 200)}...`;
}
