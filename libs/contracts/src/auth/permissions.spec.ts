import { scope } from './contract.ts';
import { allows, permission, permissionsOf, principal, scopeBundles, scopeFor } from './permissions.ts';
import type { Permission, Principal } from './permissions.ts';

describe('scope bundles', () => {
  it('have every permission once', () => {
    const bundled = Object.values(scopeBundles).flat();
    expect(bundled.toSorted()).toEqual(permission.options.toSorted());
  });

  it('exist for every scope, and none of them is empty', () => {
    expect(Object.keys(scopeBundles).toSorted()).toEqual(scope.options.toSorted());
    expect(Object.values(scopeBundles).filter(({ length }) => length === 0)).toEqual([]);
  });

  it.each(permission.options)('say which scope %s needs', (needed) => {
    expect(scopeBundles[scopeFor(needed)]).toContain(needed);
  });

  it('let nobody run inference or agents with a key for management, nor the other way round', () => {
    expect(permissionsOf(['management'])).not.toEqual(expect.arrayContaining(['inference:write']));
    expect(permissionsOf(['management'])).not.toEqual(expect.arrayContaining(['runs:write']));
    expect(permissionsOf(['inference', 'execution'])).not.toEqual(expect.arrayContaining(['keys:write']));
  });
});

describe('permissionsOf', () => {
  it('is the union of the bundles, each permission once, in whichever order and however often a scope is named', () => {
    const both = permissionsOf(['execution', 'inference', 'execution']);
    expect(both.toSorted()).toEqual([...scopeBundles.inference, ...scopeBundles.execution].toSorted());
  });

  it('is nothing for no scope', () => {
    expect(permissionsOf([])).toEqual([]);
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

  it.each(principals)('is true for what a principal of the kind $kind has, and false for everything else', (who) => {
    expect(permission.options.filter((needed) => allows(who, needed))).toEqual(['files:read']);
    expect(principal.parse(who)).toEqual(who);
  });

  it('is false for one that has nothing', () => {
    const nobody: Principal = { kind: 'service', service: 'x', permissions: [] };
    expect(permission.options.filter((needed) => allows(nobody, needed))).toEqual([]);
  });

  it('knows no permission that is not in the list', () => {
    expect(principal.safeParse({ kind: 'service', service: 'x', permissions: ['*'] }).success).toBe(false);
  });
});
