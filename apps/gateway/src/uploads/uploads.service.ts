import { Injectable } from '@nestjs/common';
import type { ChangeContext } from '@xerotier/contracts/auth';
import type { RequestContract } from '@xerotier/contracts/define';
import { filesContract, storedPart, transferRoutes } from '@xerotier/contracts/files';
import type { StoredPart, StoredUpload } from '@xerotier/contracts/files';
import { AppError } from '@xerotier/errors';
import { TransferClient } from '@xerotier/file-transfers';
import { Bus } from '@xerotier/nats';
import type { PageOrder } from '@xerotier/public-api/page';
import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { printable } from '../access/check-access.ts';
import { isStoredId, withOutages } from '../files/files-outages.ts';
import { sentForm } from '../files/files.service.ts';

const { createUpload, getUpload, beginPart, listParts, completeUpload, cancelUpload } = filesContract.operations;

type Input<C extends RequestContract> = z.input<C['input']>;
type Output<C extends RequestContract> = z.output<C['output']>;

export interface PartsQuery {
  readonly after?: string | undefined;
  readonly limit: number;
  readonly order: PageOrder;
}

/** Uploads of the files service, as the gateway uses them. Every method throws `files.unavailable` during outages. */
@Injectable()
export class UploadsService {
  constructor(
    private readonly bus: Bus,
    private readonly transfers: TransferClient,
  ) {}

  /** @throws {AppError} `request.invalid`, `model.invalid_file`, `storage.quota_exceeded`, `idempotency.key_reused`. */
  create(input: Input<typeof createUpload>): Promise<StoredUpload> {
    return this.#call(createUpload, input);
  }

  /** @throws {AppError} `upload.not_found`. */
  async get(projectId: string, id: string): Promise<StoredUpload> {
    return this.#call(getUpload, { projectId, id: asId(id) });
  }

  /**
   * Adds the part in the form of a client as it arrives.
   * @throws {AppError} `upload.not_found`, `upload.not_pending`, `upload.rejected`, `request.invalid`, `file.too_large`,
   * `file.too_many_transfers`, `storage.quota_exceeded`, `idempotency.key_reused`.
   */
  async addPart(context: ChangeContext, id: string, form: IncomingMessage): Promise<StoredPart> {
    const length = form.headers['content-length'];
    const transfer = await this.#call(beginPart, {
      ...{ context, uploadId: asId(id) },
      ...(length !== undefined && { formBytes: Number(length) }),
    });
    return withOutages(() => this.transfers.sendForm(transfer, transferRoutes.addPart, sentForm(form), storedPart));
  }

  /** @throws {AppError} `upload.not_found`, `list.unknown_cursor`. */
  async listParts(projectId: string, id: string, query: PartsQuery): Promise<Output<typeof listParts>> {
    return this.#call(listParts, { projectId, id: asId(id), ...query });
  }

  /** @throws {AppError} `upload.not_found`, `upload.not_pending`, `upload.rejected`, `idempotency.key_reused`. */
  async complete(
    context: ChangeContext,
    id: string,
    partIds: string[],
    md5: string | undefined,
  ): Promise<StoredUpload> {
    return this.#call(completeUpload, { context, uploadId: asId(id), partIds, ...(md5 !== undefined && { md5 }) });
  }

  /** @throws {AppError} `upload.not_found`, `upload.not_pending`. */
  async cancel(projectId: string, id: string): Promise<StoredUpload> {
    return this.#call(cancelUpload, { projectId, id: asId(id) });
  }

  #call<C extends RequestContract>(contract: C, input: Input<C>): Promise<Output<C>> {
    return withOutages(() => this.bus.call(contract, input));
  }
}

/** @throws {AppError} `upload.not_found` for what cannot be the id of an upload. */
function asId(id: string): string {
  if (!isStoredId(id)) throw new AppError('upload.not_found', { upload: printable(id) });
  return id;
}
