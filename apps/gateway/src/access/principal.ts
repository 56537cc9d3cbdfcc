import { allows, permissionsOf, scopeFor } from '@xerotier/contracts/auth';
import type { Access, Permission, Principal } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';

/** Returns the principal of a request: its key, with the permissions of the key's scopes. */
export function principalOf({ keyId, project, scopes }: Access): Principal {
  return { kind: 'api_key', keyId, projectId: project.id, permissions: permissionsOf(scopes) };
}

/** @throws {AppError} `auth.scope_insufficient`, with the scope that includes the permission. */
export function requirePermission(principal: Principal, permission: Permission): void {
  if (!allows(principal, permission)) throw new AppError('auth.scope_insufficient', { scope: scopeFor(permission) });
}
