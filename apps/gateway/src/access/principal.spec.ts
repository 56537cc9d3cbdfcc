import type { Access } from '@xerotier/contracts/auth';
import { principalOf, requirePermission } from './principal.ts';

const access: Access = {
  keyId: 'key_1',
  scopes: ['inference'],
  project: { id: 'proj_1', slug: 'demo' },
  endpoints: [],
};

describe('principalOf', () => {
  it('returns the key, with its project and the permissions of its scopes', () => {
    const principal = principalOf(access);
    expect(principal).toMatchObject({ kind: 'api_key', keyId: 'key_1', projectId: 'proj_1' });
    expect(() => requirePermission(principal, 'files:read')).not.toThrow();
  });

  it('has no other permissions; the error names the required scope', () => {
    const failing = (): void => requirePermission(principalOf(access), 'keys:write');
    expect(failing).toThrow(
      expect.objectContaining({ code: 'auth.scope_insufficient', details: { scope: 'management' } }),
    );
    expect(() => requirePermission(principalOf({ ...access, scopes: [] }), 'files:read')).toThrow();
  });
});
