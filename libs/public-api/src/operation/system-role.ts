/** Roles of accounts on the platform as a whole. */
import { authenticationOf } from './authentication.ts';
import type { OperationDefinition } from './define-operation.ts';

/** An admin may do what an operator may. */
export type SystemRole = 'admin' | 'operator';

/** Operations below this path are for operators of the platform. */
const ADMINISTRATION = '/api/v1/admin/';

/**
 * Returns the system role that an operation needs, if any.
 * @throws {Error} for an operation below `/api/v1/admin` without one, and for one that needs no session: keys have no system role.
 */
export function systemRoleOf(
  operation: Pick<OperationDefinition, 'auth' | 'operationId' | 'path' | 'permission' | 'systemRole'>,
): SystemRole | undefined {
  const { operationId, path, systemRole } = operation;
  if (systemRole === undefined) {
    if (path.startsWith(ADMINISTRATION)) throw new Error(`${operationId}: ${path} needs a system role.`);
    return undefined;
  }
  const auth = authenticationOf(operation);
  if (auth !== 'session') throw new Error(`${operationId}: a system role needs auth 'session', not '${auth}'.`);
  return systemRole;
}

export function includesSystemRole(actual: SystemRole | null, needed: SystemRole): boolean {
  return actual === 'admin' || actual === needed;
}
