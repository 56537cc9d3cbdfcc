export { access, authContract, endpointAccess, endpointTask, scope } from './contract.ts';
export type { Access, EndpointAccess, EndpointTask, Scope } from './contract.ts';
export { accessChanged } from './events.ts';
export { allows, permission, permissionsOf, principal, scopeBundles, scopeFor } from './permissions.ts';
export type { Permission, Principal } from './permissions.ts';
export { tierLimits, tierSlug } from './tiers.ts';
export type { TierLimits } from './tiers.ts';
