/**
 * `@Operation(createChatCompletion)` makes a controller method the handler of that operation. It registers the routes on every
 * base path, the permission that is checked before the body is read (see `accessOf`), the kind of the body, and the status 200.
 * The method must return the response type of the operation.
 */
import { applyDecorators, HttpCode, RequestMapping, RequestMethod } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { scopeFor } from '@xerotier/contracts/auth';
import type { Scope } from '@xerotier/contracts/auth';
import { authenticationOf, basesOf, isForOwnSite, systemRoleOf } from '@xerotier/public-api/operation';
import type { Authentication, OperationDefinition, ResponseOf, SystemRole } from '@xerotier/public-api/operation';

declare module 'fastify' {
  interface FastifyContextConfig {
    operation?: OperationDefinition;
    auth?: Authentication;
    /** Whether the session of a user is accepted from pages of this site only: see `checkOwnSite`. */
    isForOwnSite?: boolean;
    /** The scope that a key must have; absent for operations without a permission. */
    scope?: Scope;
    /** The role that the account of the session must have on the platform. */
    systemRole?: SystemRole;
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
  const { method, permission, files, isBodyStreamed } = operation;
  const auth = authenticationOf(operation);
  const systemRole = systemRoleOf(operation);
  return applyDecorators(
    RequestMapping({ method: METHODS[method], path: routesOf(operation) }),
    HttpCode(200),
    RouteConfig({
      operation,
      auth,
      ...(isForOwnSite(operation) && { isForOwnSite: true }),
      ...(permission !== null && { scope: scopeFor(permission) }),
      ...(systemRole !== undefined && { systemRole }),
      ...(files !== undefined && { form: isBodyStreamed === true ? ('streamed' as const) : ('parsed' as const) }),
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
