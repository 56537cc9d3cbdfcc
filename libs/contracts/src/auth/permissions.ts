/**
 * Who acts, and what that one may do. Permissions are what code asks for (`files:read`); scopes are what keys are given, and each
 * is a bundle of permissions.
 */
import { z } from 'zod';
import { projectId } from '../ids.ts';
import { scope } from './contract.ts';
import type { Scope } from './contract.ts';

/** A noun and what is done to it: `read` changes nothing, `write` creates, changes and deletes. */
export const permission = z.enum([
  'inference:write',
  'models:read',
  'completions:read',
  'completions:write',
  'files:read',
  'files:write',
  'batches:read',
  'batches:write',
  'endpoints:read',
  'endpoints:write',
  'keys:read',
  'keys:write',
  'usage:read',
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
    'files:read',
    'files:write',
    'batches:read',
    'batches:write',
  ],
  management: ['endpoints:read', 'endpoints:write', 'keys:read', 'keys:write', 'usage:read'],
  execution: ['runs:read', 'runs:write'],
};

const permissions = z.array(permission).readonly();

/** Whoever a request or a job acts for. What it may do is in it, so that whoever receives it need not ask. */
export const principal = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('api_key'), keyId: z.string(), projectId, permissions }),
  /** A person, signed in, in one project. */
  z.object({ kind: z.literal('user_session'), userId: z.string(), sessionId: z.string(), projectId, permissions }),
  /** One of our own services, for itself and for no tenant. */
  z.object({ kind: z.literal('service'), service: z.string(), permissions }),
]);
export type Principal = z.infer<typeof principal>;

/** All permissions of these scopes, each once. */
export function permissionsOf(scopes: readonly Scope[]): readonly Permission[] {
  const [first, ...others] = new Set(scopes);
  if (first === undefined) return [];
  // Most keys have one scope, and this runs for each request.
  if (others.length === 0) return scopeBundles[first];
  return [first, ...others].flatMap((each) => scopeBundles[each]);
}

/** The scope whose bundle has this permission: what a key needs for it. */
export function scopeFor(needed: Permission): Scope {
  const found = scope.options.find((each) => scopeBundles[each].includes(needed));
  if (found === undefined) throw new Error(`the permission ${needed} is in no scope's bundle`);
  return found;
}

export function allows(who: Principal, needed: Permission): boolean {
  return who.permissions.includes(needed);
}
