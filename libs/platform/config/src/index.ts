export { ConfigError, inheritedVariables, listSettings, loadConfig, secret, setting } from './config.ts';
export type { ConfigOf, Setting, SettingsTree } from './config.ts';
export { boolean, integer, logLevel, port, url } from './schemas.ts';
