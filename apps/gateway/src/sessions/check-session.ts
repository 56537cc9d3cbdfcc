/** Authorizes requests with the cookie of a session, before the body is read. Handlers get it with `sessionOf(request)`. */
import { allows, permissionsOfRole } from '@xerotier/contracts/auth';
import type { ActiveSession, MemberAccess } from '@xerotier/contracts/auth';
import { projectId } from '@xerotier/contracts/ids';
import { AppError } from '@xerotier/errors';
import { noteForLog } from '@xerotier/http';
import { includesSystemRole } from '@xerotier/public-api/operation';
import type { SystemRole } from '@xerotier/public-api/operation';
import type { FastifyRequest } from 'fastify';
import { printable } from '../access/check-access.ts';
import { hashOfToken, sessionTokenIn } from './session-token.ts';
import type { SessionsService } from './sessions.service.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on every route that requires a session, and on one that accepts it if it was used. */
    session?: ActiveSession;
    /** Set with `session` on routes of a project. */
    memberAccess?: MemberAccess;
  }
}

/** @throws {AppError} `session.missing`, `session.invalid`. */
export function checkSession(service: SessionsService, request: FastifyRequest): void | Promise<void> {
  const token = sessionTokenIn(request.headers.cookie);
  if (token === undefined) throw new AppError('session.missing');
  const session = service.get(hashOfToken(token));
  if (!(session instanceof Promise)) return setSession(request, session);
  return session.then((loaded) => setSession(request, loaded));
}

/**
 * Authorizes an operator of the platform.
 * @throws {AppError} as `checkSession`; `session.system_role_insufficient`.
 */
export async function checkSystemRole(
  service: SessionsService,
  request: FastifyRequest,
  role: SystemRole,
): Promise<void> {
  const token = sessionTokenIn(request.headers.cookie);
  if (token === undefined) throw new AppError('session.missing');
  const session = await service.getCurrent(hashOfToken(token));
  setSession(request, session);
  if (!includesSystemRole(session.account.systemRole, role))
    throw new AppError('session.system_role_insufficient', { role });
}

/**
 * Authorizes a member of the project in the path.
 * @throws {AppError} as `checkSession`; `project.not_found` without a membership; `session.role_insufficient`.
 */
export async function checkMember(service: SessionsService, request: FastifyRequest): Promise<void> {
  await checkSession(service, request);
  const { session, account } = sessionOf(request);
  const { project = '' } = request.params as { project?: string };
  if (!projectId.safeParse(project).success) throw new AppError('project.not_found', { project: printable(project) });
  const access = await service.memberAccess(account.id, project);
  const principal = {
    ...({ kind: 'user_session', userId: account.id, sessionId: session.id, projectId: project } as const),
    permissions: permissionsOfRole(access.role),
  };
  const permission = request.routeOptions.config.operation?.permission ?? null;
  if (permission === null || !allows(principal, permission)) throw new AppError('session.role_insufficient');
  request.memberAccess = access;
  request.principal = principal;
  noteForLog(request.raw, { projectId: project });
}

/** Whether the request is to be authorized by the session of a member instead of an API key. */
export function isOfMember({ headers, params }: FastifyRequest): boolean {
  const { project } = params as { project?: string };
  return headers.authorization === undefined && project !== undefined && sessionTokenIn(headers.cookie) !== undefined;
}

/** Returns the session that the hook has set. @throws {Error} on a route without a session. */
export function sessionOf(request: FastifyRequest): ActiveSession {
  if (request.session === undefined) throw new Error(`${request.method} ${request.routeOptions.url} has no session`);
  return request.session;
}

function setSession(request: FastifyRequest, active: ActiveSession): void {
  request.session = active;
  noteForLog(request.raw, { accountId: active.account.id, sessionId: active.session.id });
}
