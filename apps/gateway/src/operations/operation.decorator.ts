/**
 * `@Operation(createChatCompletion)` on a controller's method makes it the handler of that operation: its routes on every base
 * path, the permission that is checked before the body is read (the handler finds the result by `accessOf`), the kind of body,
 * and the status of its success. What a handler returns has the type of the operation's response.
 */
import { applyDecorators, HttpCode, RequestMapping, RequestMethod } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { scopeFor } from '@xerotier/contracts/auth';
import type { Scope } from '@xerotier/contracts/auth';
import { BASES } from '@xerotier/public-api/operation';
import type { OperationDefinition, ResponseOf } from '@xerotier/public-api/operation';

declare module 'fastify' {
  interface FastifyContextConfig {
    operation?: OperationDefinition;
    /** What the key needs; absent on an operation that is for everyone. */
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

const METHODS = { get: RequestMethod.GET, post: RequestMethod.POST, delete: RequestMethod.DELETE } as const;

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

/** As Nest writes them, without the first slash. */
export function routesOf({ path, permission }: OperationDefinition): string[] {
  const bases = permission === null ? [''] : BASES.map((base) => base.path);
  return bases.map((base) =>
    `${base}${path}`
      .replaceAll(/\{\+\w+\}/g, '*')
      .replaceAll(/\{(\w+)\}/g, ':$1')
      .slice(1),
  );
}
