import type { MemberAccess } from '@xerotier/contracts/auth';
import type { FastifyRequest } from 'fastify';
import { accessOf } from './check-access.ts';

/** What a key and a member have in common. */
export type ProjectAccess = Pick<MemberAccess, 'project' | 'endpoints'>;

/** Returns the access that a hook has set, for whoever it is. @throws {Error} on a route without a permission. */
export function projectAccessOf(request: FastifyRequest): ProjectAccess {
  return request.memberAccess ?? accessOf(request);
}
