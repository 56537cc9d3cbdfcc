import { scope } from './scopes.ts';
import {
  allows,
  permission,
  permissionsOf,
  permissionsOfRole,
  principal,
  scopeBundles,
  scopeFor,
} from './permissions.ts';
import type { Permission, Principal } from './permissions.ts';

describe('scopeBundles', () => {
  it('contains every permission exactly once', () => {
    const bundled = Object.values(scopeBundles).flat();
    expect(bundled.toSorted()).toEqual(permission.options.toSorted());
  });

  it('has a non-empty bundle for every scope', () => {
    expect(Object.keys(scopeBundles).toSorted()).toEqual(scope.options.toSorted());
    expect(Object.values(scopeBundles).filter(({ length }) => length === 0)).toEqual([]);
  });

  it.each(permission.options)('scopeFor returns the scope whose bundle contains %s', (required) => {
    expect(scopeBundles[scopeFor(required)]).toContain(required);
  });

  it('separates inference and execution from management', () => {
    expect(permissionsOf(['management'])).not.toEqual(expect.arrayContaining(['inference:write']));
    expect(permissionsOf(['management'])).not.toEqual(expect.arrayContaining(['runs:write']));
    expect(permissionsOf(['inference', 'execution'])).not.toEqual(expect.arrayContaining(['keys:write']));
  });
});

describe('permissionsOf', () => {
  it('returns the union of the bundles without duplicates, in any order and with repeated scopes', () => {
    const both = permissionsOf(['execution', 'inference', 'execution']);
    expect(both.toSorted()).toEqual([...scopeBundles.inference, ...scopeBundles.execution].toSorted());
  });

  it('returns no permissions without scopes', () => {
    expect(permissionsOf([])).toEqual([]);
  });
});

describe('permissionsOfRole', () => {
  it('gives an owner everything, and lets a member read', () => {
    expect(permissionsOfRole('owner')).toEqual(permission.options);
    expect(permissionsOfRole('member')).toEqual(permission.options.filter((each) => !each.endsWith(':write')));
  });
});

describe('allows', () => {
  const projectId = 'proj_0123456789';
  const permissions: Permission[] = ['files:read'];
  const principals: Principal[] = [
    { kind: 'api_key', keyId: 'key_1', projectId, permissions },
    { kind: 'user_session', userId: 'user_1', sessionId: 'sess_1', projectId, permissions },
    { kind: 'service', service: 'files', permissions },
  ];

  it.each(principals)('returns true only for the permissions of a principal of kind $kind', (subject) => {
    expect(permission.options.filter((required) => allows(subject, required))).toEqual(['files:read']);
    expect(principal.parse(subject)).toEqual(subject);
  });

  it('returns false for a principal without permissions', () => {
    const powerless: Principal = { kind: 'service', service: 'x', permissions: [] };
    expect(permission.options.filter((required) => allows(powerless, required))).toEqual([]);
  });

  it('rejects an unknown permission', () => {
    expect(principal.safeParse({ kind: 'service', service: 'x', permissions: ['*'] }).success).toBe(false);
  });
});
