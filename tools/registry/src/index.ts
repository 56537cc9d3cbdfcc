export { environmentOf } from './environment.ts';
export type { Installation } from './environment.ts';
export { readRegistry, serviceNamed } from './registry.ts';
export type { ServiceEntry } from './service-entry.ts';
