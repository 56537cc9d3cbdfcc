export { readRegistry, serviceNamed } from './registry.ts';
export type { ServerName, ServiceEntry } from './service-entry.ts';
export { SERVER_VARIABLES } from './service-entry.ts';
export { environmentOf, settingsOf, settingsProblems } from './service-settings.ts';
export type { Installation } from './service-settings.ts';
