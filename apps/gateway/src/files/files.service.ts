import { Injectable } from '@nestjs/common';
import type { ChangeContext } from '@xerotier/contracts/auth';
import type { RequestContract } from '@xerotier/contracts/define';
import { filesContract, storedFile, transferRoutes } from '@xerotier/contracts/files';
import type { StoredFile } from '@xerotier/contracts/files';
import { AppError } from '@xerotier/errors';
import { TransferClient } from '@xerotier/file-transfers';
import type { FormToSend, IncomingContent } from '@xerotier/file-transfers';
import { Bus } from '@xerotier/nats';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { z } from 'zod';
import { printable } from '../access/check-access.ts';
import { isStoredId, withOutages } from './files-outages.ts';

const { beginFile, listFiles, getFile, deleteFile, openContent } = filesContract.operations;

type Input<C extends RequestContract> = z.input<C['input']>;
type Output<C extends RequestContract> = z.output<C['output']>;

/** Content of a file that is opened. */
export interface OpenContent extends Pick<Output<typeof openContent>, 'file' | 'range'> {
  readonly content: IncomingContent;
}

/** The files service, as the gateway uses it. Outages of it and of what it needs are `files.unavailable`. */
@Injectable()
export class FilesService {
  constructor(
    private readonly bus: Bus,
    private readonly transfers: TransferClient,
  ) {}

  /**
   * Creates a file of the form of a client as it arrives.
   * @throws {AppError} `request.invalid`, `file.too_large`, `file.too_many_transfers`, `storage.quota_exceeded`, `files.unavailable`.
   */
  async create(change: ChangeContext, form: IncomingMessage): Promise<StoredFile> {
    const length = form.headers['content-length'];
    const transfer = await this.#call(beginFile, {
      ...change,
      ...(length !== undefined && { formBytes: Number(length) }),
    });
    return withOutages(() => this.transfers.sendForm(transfer, transferRoutes.createFile, sentForm(form), storedFile));
  }

  /** @throws {AppError} `list.unknown_cursor`, `files.unavailable`. */
  list(input: Input<typeof listFiles>): Promise<Output<typeof listFiles>> {
    return this.#call(listFiles, input);
  }

  /** @throws {AppError} `file.not_found`, `files.unavailable`. */
  async get(projectId: string, id: string): Promise<StoredFile> {
    return this.#call(getFile, { projectId, id: asId(id) });
  }

  /** @throws {AppError} `file.not_found`, `files.unavailable`. */
  async delete(projectId: string, id: string): Promise<void> {
    await this.#call(deleteFile, { projectId, id: asId(id) });
  }

  /**
   * Opens the content, or a range of it, to be passed on.
   * @param range the header `Range`.
   * @throws {AppError} `file.not_found`, `file.range_not_satisfiable`, `file.too_many_transfers`, `files.unavailable`.
   */
  async open(projectId: string, id: string, range: string | undefined): Promise<OpenContent> {
    const { transfer, ...opened } = await this.#call(openContent, {
      ...{ projectId, id: asId(id) },
      ...(range !== undefined && { range }),
    });
    return { ...opened, content: await withOutages(() => this.transfers.receiveContent(transfer)) };
  }

  /** Reads the content. @throws {AppError} `file.not_found`, `file.too_many_transfers`, `files.unavailable`. */
  async read(projectId: string, id: string): Promise<Readable> {
    const { transfer } = await this.#call(openContent, { projectId, id: asId(id) });
    return withOutages(() => this.transfers.openContent(transfer));
  }

  #call<C extends RequestContract>(contract: C, input: Input<C>): Promise<Output<C>> {
    return withOutages(() => this.bus.call(contract, input));
  }
}

export function sentForm(body: IncomingMessage): FormToSend {
  const { 'content-type': contentType, 'content-length': contentLength } = body.headers;
  return { body, contentType, contentLength };
}

/** @throws {AppError} `file.not_found` for what cannot be the id of a file. */
function asId(id: string): string {
  if (!isStoredId(id)) throw new AppError('file.not_found', { file: printable(id) });
  return id;
}
