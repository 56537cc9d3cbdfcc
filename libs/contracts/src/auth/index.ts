export { access, authContract, endpointAccess, endpointTask, scope } from './contract.ts';
export type { Access, EndpointAccess, EndpointTask, Scope } from './contract.ts';
export { accessChanged } from './events.ts';
export { tierLimits, tierSlug } from './tiers.ts';
export type { TierLimits } from './tiers.ts';
