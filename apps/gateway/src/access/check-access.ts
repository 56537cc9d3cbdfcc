/**
 * The check of the key, before the body is read, on every route whose operation has a permission; the handler finds the result by
 * `accessOf(request)`.
 */
import { projectId, slug } from '@xerotier/contracts/ids';
import type { Access, Principal } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import { noteForLog } from '@xerotier/http';
import type { FastifyRequest } from 'fastify';
import type { AccessService } from './access.service.ts';
import { bearerKey } from './bearer-key.ts';
import { principalOf, requirePermission } from './principal.ts';
import { unknownUrlHint } from './unknown-url-hint.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on every route that needs a key. */
    access?: Access;
    /** Who it acts for; set with `access`. */
    principal?: Principal;
  }
}

/** The hook; at once when the access is remembered. */
export function checkAccess(service: AccessService, request: FastifyRequest): void | Promise<void> {
  const { scope } = request.routeOptions.config;
  if (scope === undefined) return;
  const { project, endpoint } = addressOf(request);
  const question = {
    key: bearerKey(request.headers.authorization),
    projectId: project,
    endpointSlug: endpoint,
    scope,
    clientAddress: request.ip,
  };
  try {
    const access = service.authorize(question);
    if (!(access instanceof Promise)) return noteAccess(request, access, endpoint);
    return access.then(
      (response) => noteAccess(request, response, endpoint),
      (error: unknown) => Promise.reject(inWordsOfPath(error, request, endpoint)),
    );
  } catch (error) {
    throw inWordsOfPath(error, request, endpoint);
  }
}

/** @throws {AppError} `auth.scope_insufficient`. */
function noteAccess(request: FastifyRequest, access: Access, endpoint: string | undefined): void {
  const principal = principalOf(access);
  const { operation } = request.routeOptions.config;
  // Auth has checked the scope; this holds the route to its own permission, whoever the principal is.
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
 * The project and endpoint of the path; on the base without a project, that of the key. What cannot be an id is nobody's, and
 * need not be asked for.
 * @throws {AppError} `project.not_found` or `endpoint.not_found`; `route.not_found` for a version in the place of a project.
 */
function addressOf(request: FastifyRequest): { project: string | undefined; endpoint: string | undefined } {
  const { project, endpoint } = request.params as { project?: string; endpoint?: string };
  if (project === undefined) return { project, endpoint };
  if (isVersion(project)) throw unknownUrl(request);
  if (!projectId.safeParse(project).success) throw new AppError('project.not_found', { project: shown(project) });
  if (endpoint !== undefined && !slug.safeParse(endpoint).success) {
    throw new AppError('endpoint.not_found', { endpoint: shown(endpoint) });
  }
  return { project, endpoint };
}

/** An endpoint may be called `v1`; where there is none, the path has the version twice. */
function inWordsOfPath(error: unknown, request: FastifyRequest, endpoint: string | undefined): AppError {
  const rejection = AppError.from(error);
  const isVersionTwice = rejection.code === 'endpoint.not_found' && endpoint !== undefined && isVersion(endpoint);
  return isVersionTwice ? unknownUrl(request) : rejection;
}

function isVersion(part: string): boolean {
  return /^v\d$/.test(part);
}

function unknownUrl({ method, url }: FastifyRequest): AppError {
  const path = url.split('?', 1)[0] ?? '';
  return new AppError('route.not_found', { method, path, hint: unknownUrlHint(path) });
}

/** Text from a client, bounded and without control characters, for a message. */
export function shown(text: string): string {
  return text.slice(0, 64).replace(/[^\x20-\x7e]/g, '?');
}

/** The access that the hook has found. @throws {Error} on a route that is for everyone. */
export function accessOf(request: FastifyRequest): Access {
  if (request.access === undefined)
    throw new Error(`${request.method} ${request.routeOptions.url} is for everyone: its operation has no permission`);
  return request.access;
}
