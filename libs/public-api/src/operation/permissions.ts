/** The required permission, as `<resource>:<access>`. How they map to scopes of keys is internal to the platform. */
export type Permission =
  | 'inference:write'
  | 'completions:read'
  | 'completions:write'
  | 'models:read'
  | 'keys:read'
  | 'keys:write'
  | 'endpoints:read'
  | 'endpoints:write'
  | 'audit:read'
  | 'usage:read'
  | 'exports:read'
  | 'budgets:read'
  | 'budgets:write'
  | 'members:read'
  | 'members:write'
  | 'project:read'
  | 'project:write';
