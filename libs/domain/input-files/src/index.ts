export { InputFilesModule } from './input-files.module.ts';
export { InputFiles } from './input-files.service.ts';
