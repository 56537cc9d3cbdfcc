import { Module } from '@nestjs/common';
import type { ConfigOf } from '@xerotier/config';
import { EgressClient } from '@xerotier/egress';
import type { egressSettings } from '@xerotier/egress';
import { TransferClient } from '@xerotier/file-transfers';
import { CONFIG } from '@xerotier/service-host';
import { FileTexts } from './file-texts.ts';
import type { inputFileSettings } from './input-file-settings.ts';
import { InputFiles } from './input-files.service.ts';
import { StoredFiles } from './sources/stored-files.ts';

interface InputFilesConfig {
  readonly egress: ConfigOf<typeof egressSettings>;
  readonly inputFiles: ConfigOf<typeof inputFileSettings>;
}

/** `InputFiles`, for a service with `egressSettings` and `inputFileSettings`, as the fields `egress` and `inputFiles` of its settings. */
@Module({
  providers: [
    InputFiles,
    StoredFiles,
    TransferClient,
    {
      provide: FileTexts,
      inject: [CONFIG],
      useFactory: ({ inputFiles }: InputFilesConfig) => new FileTexts(inputFiles.processesMax),
    },
    {
      provide: EgressClient,
      inject: [CONFIG],
      useFactory: ({ egress }: InputFilesConfig) => new EgressClient(egress),
    },
  ],
  exports: [InputFiles],
})
export class InputFilesModule {}
