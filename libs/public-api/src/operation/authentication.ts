/** How a caller of an operation identifies itself. */
import type { OperationDefinition } from './define-operation.ts';

/**
 * `key`: an API key. `session`: the cookie of a signed-in user. `either`: one of them; the user must be a member of the project.
 * `none`: everyone.
 */
export type Authentication = 'key' | 'session' | 'either' | 'none';

export const SESSION_COOKIE = '__Host-session';
/** Of a sign-in by an identity provider that is under way. */
export const SIGN_IN_COOKIE = '__Host-sign-in';

/** @throws {Error} if it does not fit the permission: keys have permissions, in a project; other callers have none. */
export function authenticationOf({
  auth,
  permission,
  operationId,
}: Pick<OperationDefinition, 'auth' | 'permission' | 'operationId'>): Authentication {
  const chosen = auth ?? (permission === null ? 'none' : 'key');
  const needsPermission = chosen === 'key' || chosen === 'either';
  if (needsPermission !== (permission !== null))
    throw new Error(
      `${operationId}: auth '${chosen}' ${needsPermission ? 'needs a permission' : 'does not allow a permission'}.`,
    );
  return chosen;
}

const SAFE_METHODS: ReadonlySet<string> = new Set(['get']);

/** Whether browsers may send the request for their own site only, since it would carry the cookie of a user. */
export function isForOwnSite(operation: OperationDefinition): boolean {
  return authenticationOf(operation) !== 'key' && !SAFE_METHODS.has(operation.method);
}
