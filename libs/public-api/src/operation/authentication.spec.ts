import { operations } from '../operations/operations.ts';
import { authenticationOf, isForOwnSite } from './authentication.ts';
import type { OperationDefinition } from './define-operation.ts';

const row = operations[0] as OperationDefinition;

describe('authenticationOf', () => {
  it('is a key if there is a permission, else none', () => {
    expect(authenticationOf({ operationId: 'a', permission: 'keys:read' })).toBe('key');
    expect(authenticationOf({ operationId: 'a', permission: null })).toBe('none');
  });

  it.each([
    ['session', null],
    ['none', null],
    ['either', 'keys:read'],
    ['key', 'keys:read'],
  ] as const)('may be %s with the permission %s', (auth, permission) => {
    expect(authenticationOf({ operationId: 'a', auth, permission })).toBe(auth);
  });

  it.each([
    ['session', 'keys:read'],
    ['none', 'keys:read'],
    ['either', null],
    ['key', null],
  ] as const)('cannot be %s with the permission %s', (auth, permission) => {
    expect(() => authenticationOf({ operationId: 'a', auth, permission })).toThrow('a: auth');
  });
});

describe('isForOwnSite', () => {
  it.each([
    ['session', 'delete', true],
    ['none', 'post', true],
    ['session', 'get', false],
    ['none', 'get', false],
  ] as const)('of auth %s and the method %s is %s', (auth, method, expected) => {
    expect(isForOwnSite({ ...row, permission: null, auth, method })).toBe(expected);
  });

  it('is never required with a key', () => {
    expect(isForOwnSite({ ...row, auth: 'key', method: 'post' })).toBe(false);
  });
});
