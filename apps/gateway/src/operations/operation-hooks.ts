/** Hooks for all operations: authorization before the body is read, and a check at startup that routes and operations match. */
import type { HttpAppOptions } from '@xerotier/http';
import type { Logger } from '@xerotier/log';
import type { OperationDefinition } from '@xerotier/public-api/operation';
import { operations as allOperations } from '@xerotier/public-api/operations';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AccessService } from '../access/access.service.ts';
import { checkAccess } from '../access/check-access.ts';
import { checkMember, checkSession, checkSystemRole, isOfMember } from '../sessions/check-session.ts';
import { checkOwnSite } from '../sessions/own-site.ts';
import type { ManagementLimit } from '../rate-limits/management-limit.service.ts';
import type { SessionsService } from '../sessions/sessions.service.ts';
import { routesOf } from './operation.decorator.ts';
import { checkResponse } from './response-check.ts';

export interface OperationHooksOptions {
  readonly access: () => AccessService;
  readonly sessions: () => SessionsService;
  /** Default: without a limit. */
  readonly managementLimit?: () => ManagementLimit;
  readonly log: Logger;
  /** Whether responses are validated against their operation, and replaced by a 500 if they are invalid. */
  readonly checkResponses: boolean;
  /** Default: all operations of the public API. */
  readonly operations?: readonly OperationDefinition[];
}

export function operationHooks(
  options: OperationHooksOptions,
): Required<Pick<HttpAppOptions, 'prepare' | 'onRequest'>> {
  const { log, checkResponses, operations = allOperations } = options;
  return {
    prepare: (fastify) => assertRoutesAreOperations(fastify, operations),
    onRequest: checkResponses
      ? (request, reply) => {
          checkResponse(request, reply, log);
          return authenticate(options, request, reply);
        }
      : (request, reply) => authenticate(options, request, reply),
  };
}

/** Authorizes the caller of an operation; synchronous for inference if the access is cached. */
function authenticate(
  options: OperationHooksOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): void | Promise<void> {
  const { auth } = request.routeOptions.config;
  const authorized = authorize(options, request, reply);
  // Inference has the limits of its tier.
  if (options.managementLimit === undefined || (auth !== 'session' && auth !== 'either')) return authorized;
  const limit = options.managementLimit();
  return Promise.resolve(authorized).then(() => limit.admitOrReject(request));
}

/** Identifies and authorizes the caller of an operation; synchronous if the access or session is cached. */
function authorize(
  { access, sessions }: OperationHooksOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): void | Promise<void> {
  const { auth, isForOwnSite = false, systemRole } = request.routeOptions.config;
  // First, since most requests have a key.
  if (auth === 'key' || (auth === 'either' && !isOfMember(request))) return checkAccess(access(), request);
  if (auth === undefined || (auth === 'none' && !isForOwnSite)) return;
  if (isForOwnSite) checkOwnSite(request);
  // Neither a browser nor a proxy may keep what one user gets.
  reply.header('cache-control', 'no-store');
  if (systemRole !== undefined) return checkSystemRole(sessions(), request, systemRole);
  if (auth === 'session') return checkSession(sessions(), request);
  if (auth === 'either') return checkMember(sessions(), request);
}

/** @throws {Error} if a route without an operation is registered, and at startup if an operation has no route. */
function assertRoutesAreOperations(fastify: FastifyInstance, operations: readonly OperationDefinition[]): void {
  const registered = new Set<string>();
  fastify.addHook('onRoute', ({ method, url, config }) => {
    // The catch-all route of Nest only returns 404.
    if (url === '*' || url === '/*') return;
    const operation = config?.operation;
    if (operation === undefined || !operations.includes(operation)) {
      throw new Error(
        `${[method].flat().join(', ')} ${url} has no operation: add @Operation(...) to its handler, and the operation to libs/public-api/src/operations.`,
      );
    }
    for (const name of [method].flat()) registered.add(`${name} ${url}`);
  });
  fastify.addHook('onReady', (done) => {
    const missing = operations.filter(({ method, ...operation }) =>
      routesOf({ method, ...operation }).some((route) => !registered.has(`${method.toUpperCase()} /${route}`)),
    );
    if (missing.length === 0) done();
    else
      done(new Error(`Operations without a controller: ${missing.map(({ operationId }) => operationId).join(', ')}.`));
  });
}
