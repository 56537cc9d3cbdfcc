/**
 * Principals and their permissions. Code checks permissions (`files:read`); API keys have scopes, and each scope is a bundle of
 * permissions.
 */
import { z } from 'zod';
import { projectId } from '../ids.ts';
import type { MemberRole } from './accounts.contract.ts';
import { scope } from './scopes.ts';
import type { Scope } from './scopes.ts';

/** `<resource>:<access>`: `read` changes nothing; `write` creates, updates and deletes. */
export const permission = z.enum([
  'inference:write',
  'models:read',
  'completions:read',
  'completions:write',
  'responses:read',
  'responses:write',
  'conversations:read',
  'conversations:write',
  'files:read',
  'files:write',
  'batches:read',
  'batches:write',
  'endpoints:read',
  'endpoints:write',
  'keys:read',
  'keys:write',
  'usage:read',
  'audit:read',
  'exports:read',
  'budgets:read',
  'budgets:write',
  'members:read',
  'members:write',
  'project:read',
  'project:write',
  'runs:read',
  'runs:write',
]);
export type Permission = z.infer<typeof permission>;

/** Each permission is in exactly one bundle. */
export const scopeBundles: Readonly<Record<Scope, readonly Permission[]>> = {
  inference: [
    'inference:write',
    'models:read',
    'completions:read',
    'completions:write',
    'responses:read',
    'responses:write',
    'conversations:read',
    'conversations:write',
    'files:read',
    'files:write',
    'batches:read',
    'batches:write',
    'usage:read',
  ],
  management: [
    'endpoints:read',
    'endpoints:write',
    'keys:read',
    'keys:write',
    'exports:read',
    'budgets:read',
    'budgets:write',
    'audit:read',
    'members:read',
    'members:write',
    'project:read',
    'project:write',
  ],
  execution: ['runs:read', 'runs:write'],
};

const permissions = z.array(permission).readonly();

/** Whom a request or a job acts for. It includes the permissions, so that a receiver does not have to look them up. */
export const principal = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('api_key'), keyId: z.string(), projectId, permissions }),
  /** A signed-in user, in one project. */
  z.object({ kind: z.literal('user_session'), userId: z.string(), sessionId: z.string(), projectId, permissions }),
  /** A service of the platform that acts for itself, not for a tenant. */
  z.object({ kind: z.literal('service'), service: z.string(), permissions }),
]);
export type Principal = z.infer<typeof principal>;

/** Returns the permissions of these scopes, without duplicates. */
export function permissionsOf(scopes: readonly Scope[]): readonly Permission[] {
  const [first, ...others] = new Set(scopes);
  if (first === undefined) return [];
  // Fast path: this runs for each request, and most keys have one scope.
  if (others.length === 0) return scopeBundles[first];
  return [first, ...others].flatMap((each) => scopeBundles[each]);
}

/** Returns the permissions of a role in a project: an owner has all of them, a member reads. */
export function permissionsOfRole(role: MemberRole): readonly Permission[] {
  return role === 'owner' ? permission.options : READ_PERMISSIONS;
}

const READ_PERMISSIONS = permission.options.filter((each) => each.endsWith(':read'));

/** Returns the scope that a key must have for this permission. */
export function scopeFor(required: Permission): Scope {
  const found = scope.options.find((each) => scopeBundles[each].includes(required));
  if (found === undefined) throw new Error(`no scope includes the permission ${required}`);
  return found;
}

export function allows(subject: Principal, required: Permission): boolean {
  return subject.permissions.includes(required);
}

/** What callers of an operation need, for its documentation. */
export const permissionRequirements = {
  scopeFor,
  roleFor: (required: Permission): MemberRole => (permissionsOfRole('member').includes(required) ? 'member' : 'owner'),
};
