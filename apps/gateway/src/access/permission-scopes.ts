import type { Scope } from '@xerotier/contracts/auth';
import type { Permission } from '@xerotier/public-api/operation';

/** The scope of a key that has each permission. */
const SCOPES: Readonly<Record<Permission, Scope>> = {
  'inference:write': 'inference',
  'completions:read': 'inference',
  'completions:write': 'inference',
  'models:read': 'inference',
};

export function scopeOf(permission: Permission): Scope {
  return SCOPES[permission];
}
