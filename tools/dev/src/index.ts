export { buildAll } from './build.ts';
export type { DevFile } from './dev-file.ts';
export { PROJECT_SLUG, startPlatform } from './platform.ts';
export type { Platform, PlatformDescription, PlatformOptions, WorkerSpec } from './platform.ts';
export {
  bundledEmbeddings,
  bundledPlatform,
  llamaPlatform,
  removeState,
  scriptedPlatform,
  startTemporaryPlatform,
  together,
} from './presets.ts';
export { takeLockFile } from './process-lock.mjs';
export { compileCache, defaultStateDir, projectRoot, stateDirAt } from './project-paths.ts';
export type { StateDir } from './project-paths.ts';
export { seedModels, seedProject } from './seed.ts';
export { storedWork } from './stored-work.ts';
export { ServiceProcess } from './service-process.ts';
