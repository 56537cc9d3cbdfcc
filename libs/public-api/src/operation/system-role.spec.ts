import { includesSystemRole, systemRoleOf } from './system-role.ts';

const session = { operationId: 'a', permission: null, auth: 'session' } as const;

describe('systemRoleOf', () => {
  it('is that of the operation', () => {
    expect(systemRoleOf({ ...session, path: '/api/v1/admin/tiers', systemRole: 'operator' })).toBe('operator');
    expect(systemRoleOf({ ...session, path: '/api/v1/account' })).toBeUndefined();
  });

  it('must be stated below /api/v1/admin', () => {
    expect(() => systemRoleOf({ ...session, path: '/api/v1/admin/tiers' })).toThrow('a: /api/v1/admin/tiers');
  });

  it.each([
    ['none', null],
    ['key', 'keys:read'],
    ['either', 'keys:read'],
  ] as const)('cannot be needed with auth %s', (auth, permission) => {
    const operation = { operationId: 'a', path: '/api/v1/admin/tiers', auth, permission, systemRole: 'admin' } as const;
    expect(() => systemRoleOf(operation)).toThrow("a system role needs auth 'session'");
  });
});

describe('includesSystemRole', () => {
  it.each([
    ['admin', 'admin', true],
    ['admin', 'operator', true],
    ['operator', 'operator', true],
    ['operator', 'admin', false],
    [null, 'operator', false],
    [null, 'admin', false],
  ] as const)('of %s for %s is %s', (actual, needed, expected) => {
    expect(includesSystemRole(actual, needed)).toBe(expected);
  });
});
