/**
 * Parameters of controller methods that are handlers of an `@Operation`: the parts of the request, validated by the schemas of the
 * operation. A handler that streams, or that must see the body before it is validated, takes `@Req()` instead.
 */
import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { readFields } from '@xerotier/http';
import { decodeQuery } from '@xerotier/public-api/operation';
import type { OperationDefinition } from '@xerotier/public-api/operation';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { accessOf } from '../access/check-access.ts';
import { projectAccessOf } from '../access/project-access.ts';
import { fieldsOf } from '../requests/request-fields.ts';
import { sessionOf } from '../sessions/check-session.ts';

/** The access that the key of the request has, as `Access`. */
export const RequestAccess = ofRequest(accessOf);

/** The project of a key or a member, as `ProjectAccess`. */
export const RequestProject = ofRequest(projectAccessOf);

/** The session of a signed-in user, as `ActiveSession`. */
export const RequestSession = ofRequest(sessionOf);

/**
 * The JSON body, as `BodyOf<typeof operation>`.
 * @throws {AppError} `request.invalid`, naming the field; `request.unreadable_json` when there is none, unless it
 * is optional.
 */
export const OperationBody = ofRequest((request) => {
  const { request: schema, isRequestOptional = false } = operationOf(request);
  if (schema === undefined) throw new TypeError('The operation has no body.');
  return readFields(schema, isRequestOptional && request.body === undefined ? {} : fieldsOf(request.body));
});

/**
 * The query, as `QueryOf<typeof operation>`. An unknown parameter is rejected rather than ignored.
 * @throws {AppError} `request.invalid`, naming the parameter.
 */
export const OperationQuery = ofRequest((request) => {
  const { query: schema } = operationOf(request);
  if (schema === undefined) throw new TypeError('The operation has no query.');
  return readQuery(schema, request.query);
});

/** Exported for its tests. */
export function readQuery<S extends z.ZodObject>(schema: S, query: unknown): z.output<S> {
  return readFields(schema, decodeQuery(query as Readonly<Record<string, unknown>>, Object.keys(schema.shape)));
}

/** A parameter decorator without arguments. */
export function ofRequest(read: (request: FastifyRequest) => unknown): () => ParameterDecorator {
  return createParamDecorator((_data: undefined, context: ExecutionContext) =>
    read(context.switchToHttp().getRequest<FastifyRequest>()),
  );
}

function operationOf(request: FastifyRequest): OperationDefinition {
  const { operation } = request.routeOptions.config;
  if (operation === undefined) throw new TypeError('The route has no @Operation.');
  return operation;
}
