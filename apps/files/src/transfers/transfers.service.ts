import { Inject, Injectable } from '@nestjs/common';
import type { filesContract, StoredFile } from '@xerotier/contracts/files';
import { AppError } from '@xerotier/errors';
import { formFields, readFields, readForm } from '@xerotier/http';
import type { IncomingFile } from '@xerotier/http';
import { createFileRequest, FILE_BYTES_MAX } from '@xerotier/public-api/files';
import { CONFIG } from '@xerotier/service-host';
import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import type { WrittenBlob } from '../blobs/blobs.service.ts';
import { BlobsService } from '../blobs/blobs.service.ts';
import type { FilesConfig } from '../config.ts';
import { FilesService } from '../files/files.service.ts';
import { metrics } from '../metrics.ts';
import { byteRangeOf } from './byte-range.ts';
import { filenameOf } from './filename.ts';
import { Tickets } from './ticket.ts';
import type { GrantOf } from './ticket.ts';
import { TransferAddress } from './transfer-address.ts';
import { TransferSlots } from './transfer-slots.ts';

type Operations = typeof filesContract.operations;
type Input<Name extends keyof Operations> = z.output<Operations[Name]['input']>;
type Output<Name extends keyof Operations> = z.input<Operations[Name]['output']>;

/** What a form may have beside its file: boundaries, headers, and fields. */
const FORM_OVERHEAD_BYTES = 64 * 1_024;
const FORM_BYTES_MAX = FILE_BYTES_MAX + FORM_OVERHEAD_BYTES;
/** A file that is too long is found by its own length: the form arrives somewhat earlier than it is read. */
const READ_AHEAD_BYTES = 16 * 1_024 * 1_024;

interface ReceivedFile {
  readonly blob: WrittenBlob;
  readonly filename: string;
}

/** Transfers of content: announced on the bus, made over HTTP. */
@Injectable()
export class TransfersService {
  readonly #slots: TransferSlots;

  constructor(
    private readonly files: FilesService,
    private readonly blobs: BlobsService,
    private readonly tickets: Tickets,
    private readonly address: TransferAddress,
    @Inject(CONFIG) { transfers }: Pick<FilesConfig, 'transfers'>,
  ) {
    this.#slots = new TransferSlots(transfers.max);
  }

  async beginFile({ formBytes, ...change }: Input<'beginFile'>): Promise<Output<'beginFile'>> {
    if ((formBytes ?? 0) > FORM_BYTES_MAX) throw tooLarge();
    this.#slots.assertFree(change.projectId);
    await this.blobs.assertQuota(change.projectId, formBytes ?? 0);
    const ticket = this.tickets.issue({ kind: 'create-file', change, ...(formBytes !== undefined && { formBytes }) });
    return { url: await this.address.url, ticket };
  }

  async openContent({ projectId, id, range: header }: Input<'openContent'>): Promise<Output<'openContent'>> {
    this.#slots.assertFree(projectId);
    const file = await this.files.get({ projectId, id });
    const range = byteRangeOf(header, file.bytes);
    const ticket = this.tickets.issue({ kind: 'read-content', projectId, fileId: id, ...(range && { range }) });
    return { file, transfer: { url: await this.address.url, ticket }, ...(range && { range }) };
  }

  /**
   * Creates a file of a form as it arrives. After a failure nothing remains of it.
   * @throws {AppError} `request.invalid`, naming the field; `idempotency.key_reused`, `file.too_large`, `file.too_many_transfers`,
   * `storage.quota_exceeded`, `store.unavailable`, `db.unavailable`.
   */
  async createFile({ change, formBytes }: GrantOf<'create-file'>, form: IncomingMessage): Promise<StoredFile> {
    const { projectId } = change;
    const release = this.#slots.take(projectId);
    const written: WrittenBlob[] = [];
    try {
      const { fields, files } = await readForm<ReceivedFile>(form, form.headers['content-type'] ?? '', {
        bytesMax: FORM_BYTES_MAX + READ_AHEAD_BYTES,
        onFile: (file) => {
          if (file.field !== 'file') return undefined;
          return this.#receive(projectId, file, formBytes).then((received) => {
            written.push(received.blob);
            return received;
          });
        },
      });
      const request = readFields(createFileRequest, formFields(fields));
      const [file, ...others] = files;
      if (file === undefined) throw invalidFile("Missing required parameter: 'file'.");
      if (others.length > 0) throw invalidFile("Invalid value for 'file': expected one file.");
      return await this.files.createFrom(
        change,
        {
          purpose: request.purpose,
          filename: file.filename,
          relativePath: request.relative_path,
          expiresAfterSeconds: request.expires_after?.seconds,
        },
        file.blob,
      );
    } catch (error) {
      await this.blobs.discard(written);
      throw error;
    } finally {
      release();
    }
  }

  /** Reads what a ticket allows. The slot is held until the end, or until the consumer gives up. @throws {AppError} */
  async *read({ projectId, fileId, range }: GrantOf<'read-content'>): AsyncGenerator<Buffer, void, undefined> {
    const release = this.#slots.take(projectId);
    try {
      for await (const chunk of this.files.read(projectId, fileId, range)) {
        metrics.transferredBytes.labels('out').inc(chunk.length);
        yield chunk;
      }
    } finally {
      release();
    }
  }

  async #receive(projectId: string, file: IncomingFile, formBytes: number | undefined): Promise<ReceivedFile> {
    const filename = filenameOf(file.name);
    // Somewhat more than the file, and given back when it is stored.
    const blob = await this.blobs.write(projectId, bounded(file.content), { bytesExpected: formBytes });
    return { blob, filename };
  }
}

async function* bounded(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  for await (const chunk of content) {
    bytes += chunk.length;
    if (bytes > FILE_BYTES_MAX) throw tooLarge();
    metrics.transferredBytes.labels('in').inc(chunk.length);
    yield chunk;
  }
}

function tooLarge(): AppError {
  return new AppError('file.too_large', { bytesMax: FILE_BYTES_MAX }, { param: 'file' });
}

function invalidFile(reason: string): AppError {
  return new AppError('request.invalid', { reason }, { param: 'file' });
}
