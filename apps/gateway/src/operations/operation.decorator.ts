/**
 * `@Operation(createChatCompletion)` makes a controller method the handler of that operation. It registers the routes on every
 * base path, the permission that is checked before the body is read (see `accessOf`), the kind of the body, and the status 200.
 * The method must return the response type of the operation.
 */
import { applyDecorators, HttpCode, RequestMapping, RequestMethod } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { scopeFor } from '@xerotier/contracts/auth';
import type { Scope } from '@xerotier/contracts/auth';
import { basesOf } from '@xerotier/public-api/operation';
import type { OperationDefinition, ResponseOf } from '@xerotier/public-api/operation';

declare module 'fastify' {
  interface FastifyContextConfig {
    operation?: OperationDefinition;
    /** The required scope; absent for public operations. */
    scope?: Scope;
  }
}

/** A handler returns the response, or writes it itself. */
type Handler<O extends OperationDefinition> = (...args: never[]) => Promise<ResponseOf<O> | void>;

type OperationDecorator<O extends OperationDefinition> = <T extends Handler<O>>(
  controller: object,
  name: string | symbol,
  descriptor: TypedPropertyDescriptor<T>,
) => void;

const METHODS = {
  get: RequestMethod.GET,
  post: RequestMethod.POST,
  put: RequestMethod.PUT,
  patch: RequestMethod.PATCH,
  delete: RequestMethod.DELETE,
} as const;

export function Operation<O extends OperationDefinition>(operation: O): OperationDecorator<O> {
  const { method, permission, files } = operation;
  return applyDecorators(
    RequestMapping({ method: METHODS[method], path: routesOf(operation) }),
    HttpCode(200),
    RouteConfig({
      operation,
      ...(permission !== null && { scope: scopeFor(permission) }),
      ...(files !== undefined && { form: true }),
    }),
  );
}

/** Returns the routes in the notation of Nest, without the leading slash. */
export function routesOf({ path, permission, bases: of }: OperationDefinition): string[] {
  const bases = permission === null ? [''] : basesOf(of).map((base) => base.path);
  return bases.map((base) =>
    `${base}${path}`
      .replaceAll(/\{\+\w+\}/g, '*')
      .replaceAll(/\{(\w+)\}/g, ':$1')
      .slice(1),
  );
}
