export { buildAll } from './build.ts';
export type { DevFile } from './dev-file.ts';
export { startPlatform } from './platform.ts';
export type { Platform, PlatformDescription, PlatformOptions, WorkerSpec } from './platform.ts';
export {
  boxEmbeddings,
  boxPlatform,
  llamaPlatform,
  removeState,
  scriptedPlatform,
  startTemporaryPlatform,
  together,
} from './presets.ts';
export { defaultStateDir, projectRoot, stateDirAt } from './project-paths.ts';
export type { StateDir } from './project-paths.ts';
export type { ServiceProcess } from './service-process.ts';
