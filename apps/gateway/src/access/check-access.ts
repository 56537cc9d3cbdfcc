/**
 * Authorizes requests before the body is read, on every route whose operation has a permission. Handlers get the result with
 * `accessOf(request)`.
 */
import { projectId, slug } from '@xerotier/contracts/ids';
import type { Access, EndpointAccess, Principal, Scope } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import { noteForLog } from '@xerotier/http';
import { lineOf } from '../requests/batch-line.ts';
import type { ClientRequest } from '../requests/client-request.ts';
import type { AccessRequest, AccessService } from './access.service.ts';
import { isAllowed } from './allowed-addresses.ts';
import { bearerKey } from './bearer-key.ts';
import { principalOf, requirePermission } from './principal.ts';
import { unknownUrlHint } from './unknown-url-hint.ts';

declare module 'fastify' {
  interface FastifyRequest {
    access?: Access;
    principal?: Principal;
  }
}

/** The `onRequest` hook, and for each request on a WebSocket; synchronous if the access is cached. */
export function checkAccess(service: AccessService, request: ClientRequest): void | Promise<void> {
  const { scope } = request.routeOptions.config;
  if (scope === undefined) return;
  const { project, endpoint } = addressOf(request);
  try {
    const access = service.authorize(accessRequestOf(request, scope, project, endpoint));
    if (!(access instanceof Promise)) return setAccess(request, access, endpoint);
    return access.then(
      (response) => setAccess(request, response, endpoint),
      (error: unknown) => Promise.reject(withPathHint(error, request, endpoint)),
    );
  } catch (error) {
    throw withPathHint(error, request, endpoint);
  }
}

/**
 * Returns an endpoint with its system prompt, which the access of a whole project does not have.
 * @throws {AppError} as `AccessService.authorize`.
 */
export async function withSystemPrompt(
  service: AccessService,
  request: ClientRequest,
  endpoint: EndpointAccess,
): Promise<EndpointAccess> {
  const { scope } = request.routeOptions.config;
  if (endpoint.isSystemPromptOmitted !== true || scope === undefined) return endpoint;
  const { project } = accessOf(request);
  const access = await service.authorize(accessRequestOf(request, scope, project.id, endpoint.slug));
  // The access of an endpoint has exactly one.
  return access.endpoints[0] as EndpointAccess;
}

function accessRequestOf(
  request: ClientRequest,
  scope: Scope,
  projectId: string | undefined,
  endpointSlug: string | undefined,
): AccessRequest {
  const line = lineOf(request.raw);
  const key = line === undefined ? bearerKey(request.headers.authorization) : { id: line.keyId };
  return { key, projectId, endpointSlug, scope, clientAddress: request.ip };
}

/** @throws {AppError} `auth.scope_insufficient`, `auth.address_not_allowed`. */
function setAccess(request: ClientRequest, access: Access, endpoint: string | undefined): void {
  // The address of a batch line was that of its batch.
  const ipFilter = lineOf(request.raw) === undefined ? access.ipFilter : undefined;
  if (ipFilter !== undefined && !isAllowed(ipFilter, request.ip)) throw new AppError('auth.address_not_allowed');
  const principal = principalOf(access);
  const { operation } = request.routeOptions.config;
  // Auth has checked the scope; this checks the permission of the route, for any kind of principal.
  if (operation !== undefined && operation.permission !== null) requirePermission(principal, operation.permission);
  request.access = access;
  request.principal = principal;
  noteForLog(request.raw, {
    projectId: access.project.id,
    keyId: access.keyId,
    ...(endpoint !== undefined && { endpoint }),
  });
}

/**
 * Returns the project and endpoint of the path, undefined on the root base URL. Malformed ids are rejected without a lookup.
 * @throws {AppError} `project.not_found` or `endpoint.not_found`; `route.not_found` for a version instead of a project.
 */
function addressOf(request: ClientRequest): { project: string | undefined; endpoint: string | undefined } {
  const { project, endpoint } = request.params as { project?: string; endpoint?: string };
  if (project === undefined) return { project, endpoint };
  if (isVersion(project)) throw unknownUrl(request);
  if (!projectId.safeParse(project).success) throw new AppError('project.not_found', { project: printable(project) });
  if (endpoint !== undefined && !slug.safeParse(endpoint).success) {
    throw new AppError('endpoint.not_found', { endpoint: printable(endpoint) });
  }
  return { project, endpoint };
}

/** If an endpoint such as `v1` does not exist, the path contains the version twice. */
function withPathHint(error: unknown, request: ClientRequest, endpoint: string | undefined): AppError {
  const rejection = AppError.from(error);
  const isVersionTwice = rejection.code === 'endpoint.not_found' && endpoint !== undefined && isVersion(endpoint);
  return isVersionTwice ? unknownUrl(request) : rejection;
}

function isVersion(part: string): boolean {
  return /^v\d$/.test(part);
}

function unknownUrl({ method, url }: ClientRequest): AppError {
  const path = url.split('?', 1)[0] ?? '';
  return new AppError('route.not_found', { method, path, hint: unknownUrlHint(path) });
}

/** Truncates text of a client and replaces control characters, for use in a message. */
export function printable(text: string): string {
  return text.slice(0, 64).replace(/[^\x20-\x7e]/g, '?');
}

/** Returns the access that the hook has set. @throws {Error} on a public route. */
export function accessOf(request: ClientRequest): Access {
  if (request.access === undefined)
    throw new Error(`${request.method} ${request.routeOptions.url} is public: its operation has no permission`);
  return request.access;
}
