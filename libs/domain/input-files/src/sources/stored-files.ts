import { Injectable } from '@nestjs/common';
import { filesContract } from '@xerotier/contracts/files';
import type { StoredFile } from '@xerotier/contracts/files';
import { AppError } from '@xerotier/errors';
import { TransferClient } from '@xerotier/file-transfers';
import { Bus } from '@xerotier/nats';
import { addAbortSignal } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { FileRejection } from '../file-rejection.ts';

const { getFile, openContent } = filesContract.operations;

/** Files of the project in the files service: those that its API lists, whatever their purpose. */
@Injectable()
export class StoredFiles {
  constructor(
    private readonly bus: Bus,
    private readonly transfers: TransferClient,
  ) {}

  /** @throws {AppError} `file.not_found`, `files.unavailable`. */
  async get(projectId: string, id: string): Promise<StoredFile> {
    // No file can have such an id, and no database takes it.
    if (id.includes('\0') || !id.isWellFormed()) throw new AppError('file.not_found', { file: id.toWellFormed() });
    return withOutages(() => this.bus.call(getFile, { projectId, id }));
  }

  /**
   * Returns the content.
   * @throws {FileRejection} for a larger file.
   * @throws {AppError} `file.not_found`, `file.too_many_transfers`, `files.unavailable`.
   */
  async read(projectId: string, { id, bytes }: StoredFile, bytesMax: number, signal: AbortSignal): Promise<Buffer> {
    if (bytes > bytesMax) throw new FileRejection(`it is larger than ${bytesMax} bytes`);
    return withOutages(async () => {
      const { transfer } = await this.bus.call(openContent, { projectId, id });
      return buffer(addAbortSignal(signal, await this.transfers.openContent(transfer)));
    });
  }
}

/** Makes outages of the files service, and of what it needs, `files.unavailable`. */
async function withOutages<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!AppError.is(error) || error.status !== 503 || error.code === 'file.too_many_transfers') throw error;
    throw new AppError('files.unavailable', {}, { cause: error });
  }
}
