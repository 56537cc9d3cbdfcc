import { Injectable } from '@nestjs/common';
import { filesContract } from '@xerotier/contracts/files';
import type { StoredFile } from '@xerotier/contracts/files';
import { TransferClient } from '@xerotier/file-transfers';
import { Bus } from '@xerotier/nats';
import type { Readable } from 'node:stream';

const { getFile, openContent } = filesContract.operations;

/** Input files of batches. */
@Injectable()
export class InputFiles {
  constructor(
    private readonly bus: Bus,
    private readonly transfers: TransferClient,
  ) {}

  /** @throws {AppError} `file.not_found`; of an outage. */
  get(projectId: string, id: string): Promise<StoredFile> {
    return this.bus.call(getFile, { projectId, id });
  }

  /** Reads bytes of a file, `end` excluded; default: all. @throws {AppError} as `get`. */
  async open(
    projectId: string,
    id: string,
    range?: { readonly start: number; readonly end: number },
  ): Promise<Readable> {
    const { transfer } = await this.bus.call(openContent, {
      ...{ projectId, id },
      ...(range !== undefined && { range: `bytes=${range.start}-${range.end - 1}` }),
    });
    return this.transfers.openContent(transfer);
  }
}
