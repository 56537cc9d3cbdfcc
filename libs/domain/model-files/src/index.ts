export { readModelArchive } from './archive/read-archive.ts';
export type { ArchiveEntry, ArchiveLimits } from './archive/read-archive.ts';
export type { ModelFacts } from './checks/model-facts.ts';
export { assertAcceptedFile } from './files/accept-file.ts';
export type { ByteRange, ModelFile } from './files/model-file.ts';
export { checkModel } from './process/check-model.ts';
export type { CheckOptions } from './process/check-model.ts';
