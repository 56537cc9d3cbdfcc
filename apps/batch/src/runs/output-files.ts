import { Injectable } from '@nestjs/common';
import { DataKeysService } from '@xerotier/data-keys';
import { filesContract, storedFile, transferRoutes } from '@xerotier/contracts/files';
import { TransferClient } from '@xerotier/file-transfers';
import { Bus } from '@xerotier/nats';
import { open } from '@xerotier/sealing';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Batch } from '../batches/batch.entity.ts';
import { BatchesRepository } from '../batches/batches.repository.ts';
import { resultContext } from './results-writer.ts';

const { beginFile } = filesContract.operations;

/** Writes the results of batches to files of their projects. */
@Injectable()
export class OutputFiles {
  constructor(
    private readonly bus: Bus,
    private readonly transfers: TransferClient,
    private readonly batches: BatchesRepository,
    private readonly dataKeys: DataKeysService,
  ) {}

  /**
   * Writes the file once, however often it is called: the results of a batch that is being finalized do not change.
   * @returns its id; undefined if there are no results of this kind.
   * @throws {AppError} of an outage, or if it does not fit into the storage of the project.
   */
  async write(batch: Batch, kind: 'output' | 'error'): Promise<string | undefined> {
    const { projectId, id, keyId, outputSeconds } = batch;
    if ((await this.batches.result(projectId, id, kind, 0)) === null) return undefined;
    const transfer = await this.bus.call(beginFile, {
      ...{ projectId, actor: { kind: 'api_key', id: keyId }, clientAddress: '', requestId: id },
      idempotencyKey: `${id}-${kind}`,
      writes: { purpose: 'batch_output', ...(outputSeconds !== null && { expiresAfterSeconds: outputSeconds }) },
    });
    const boundary = randomBytes(12).toString('hex');
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${id}_${kind}.jsonl"\r\n\r\n`;
    const body = Readable.from(this.#form(batch, kind, head, `\r\n--${boundary}--\r\n`), { highWaterMark: 2 });
    const contentType = `multipart/form-data; boundary=${boundary}`;
    const file = await this.transfers.sendForm(transfer, transferRoutes.createFile, { body, contentType }, storedFile);
    return file.id;
  }

  async *#form(
    batch: Batch,
    kind: 'output' | 'error',
    head: string,
    tail: string,
  ): AsyncGenerator<Buffer, void, undefined> {
    const { projectId, id } = batch;
    const key = await this.dataKeys.get(projectId);
    yield Buffer.from(head);
    for (let position = 0; ; position += 1) {
      const result = await this.batches.result(projectId, id, kind, position);
      if (result === null) break;
      yield open(key, result.content, resultContext(batch, kind, position));
    }
    yield Buffer.from(tail);
  }
}
