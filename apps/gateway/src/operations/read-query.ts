import { decodeQuery } from '@xerotier/public-api/operation';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { readFields } from '../requests/request-fields.ts';

/**
 * The query of a request, as the `query` of its operation has it. A parameter that would be ignored is rejected.
 * @throws {AppError} `request.invalid`, naming the parameter.
 */
export function readQuery<S extends z.ZodObject>(schema: S, { query }: Pick<FastifyRequest, 'query'>): z.output<S> {
  return readFields(schema, decodeQuery(query as Readonly<Record<string, unknown>>, Object.keys(schema.shape)));
}
