import { Injectable } from '@nestjs/common';
import { freeBuffer } from '@xerotier/buffers';
import type { StoredFile, StoredPart, Transfer } from '@xerotier/contracts/files';
import { AppError } from '@xerotier/errors';
import { formFields, readFields, readForm } from '@xerotier/http';
import type { FormFields, IncomingFile } from '@xerotier/http';
import { createFileRequest, FILE_BYTES_MAX } from '@xerotier/public-api/files';
import { addUploadPartRequest } from '@xerotier/public-api/uploads';
import type { IncomingMessage } from 'node:http';
import type { WrittenBlob } from '../blobs/blobs.service.ts';
import { BlobsService } from '../blobs/blobs.service.ts';
import { filenameOf } from '../files/filename.ts';
import { FilesService } from '../files/files.service.ts';
import type { NewFile } from '../files/files.service.ts';
import { metrics } from '../metrics.ts';
import { ModelFilesService } from '../models/model-files.service.ts';
import type { Input, Output } from '../operations.ts';
import { UploadsService } from '../uploads/uploads.service.ts';
import { byteRangeOf } from './byte-range.ts';
import { Tickets } from './ticket.ts';
import type { Grant, GrantOf } from './ticket.ts';
import { TransferAddress } from './transfer-address.ts';
import { TransferSlots } from './transfer-slots.ts';

/** What a form may have beside its file: boundaries, headers, and fields. */
const FORM_OVERHEAD_BYTES = 64 * 1_024;
/** A file that is too long is found by its own length: the form arrives somewhat earlier than it is read. */
const READ_AHEAD_BYTES = 16 * 1_024 * 1_024;

/** The file of a form. */
interface ExpectedFile {
  readonly projectId: string;
  /** Name of its field. */
  readonly field: string;
  readonly bytesMax: number;
  /** Length of the form, if it is known. */
  readonly formBytes: number | undefined;
}

interface ReceivedFile {
  readonly blob: WrittenBlob;
  /** As the client has sent it. */
  readonly name: string;
}

/** Transfers of content: announced on the bus, made over HTTP. */
@Injectable()
export class TransfersService {
  constructor(
    private readonly files: FilesService,
    private readonly uploads: UploadsService,
    private readonly modelFiles: ModelFilesService,
    private readonly blobs: BlobsService,
    private readonly tickets: Tickets,
    private readonly address: TransferAddress,
    private readonly slots: TransferSlots,
  ) {}

  async beginFile({ formBytes, writes, ...change }: Input<'beginFile'>): Promise<Output<'beginFile'>> {
    await this.#assertAcceptable(change.projectId, formBytes, FILE_BYTES_MAX);
    return this.#transfer({
      ...{ kind: 'create-file', change },
      ...(formBytes !== undefined && { formBytes }),
      ...(writes !== undefined && { writes }),
    });
  }

  async beginPart({ context: change, uploadId, formBytes }: Input<'beginPart'>): Promise<Output<'beginPart'>> {
    const bytesMax = await this.uploads.partBytesMax(change.projectId, uploadId);
    await this.#assertAcceptable(change.projectId, formBytes, bytesMax);
    return this.#transfer({
      ...{ kind: 'add-part', change, uploadId, bytesMax },
      ...(formBytes !== undefined && { formBytes }),
    });
  }

  async openContent({ projectId, id, range: header }: Input<'openContent'>): Promise<Output<'openContent'>> {
    this.slots.assertFree(projectId);
    const file = await this.files.get({ projectId, id });
    const range = byteRangeOf(header, file.bytes);
    const all = { start: 0, end: file.bytes };
    const transfer = await this.#transfer({ kind: 'read-content', projectId, fileId: id, range: range ?? all });
    return { file, transfer, ...(range && { range }) };
  }

  async openModelFile(input: Input<'openModelFile'>): Promise<Output<'openModelFile'>> {
    const { projectId, versionId, path, range: header } = input;
    this.slots.assertFree(projectId);
    const file = await this.modelFiles.get(projectId, versionId, path);
    const range = byteRangeOf(header, file.bytes);
    const all = { start: 0, end: file.bytes };
    const transfer = await this.#transfer({
      ...{ kind: 'read-model-file', projectId, versionId, path },
      range: range ?? all,
    });
    return { file, transfer, ...(range && { range }) };
  }

  /**
   * Creates a file of a form as it arrives. After a failure nothing remains of it.
   * @throws {AppError} `request.invalid`, naming the field; `idempotency.key_reused`, `file.too_large`, `file.too_many_transfers`,
   * `storage.quota_exceeded`, `store.unavailable`, `db.unavailable`.
   */
  createFile({ change, formBytes, writes }: GrantOf<'create-file'>, form: IncomingMessage): Promise<StoredFile> {
    const expected = { projectId: change.projectId, field: 'file', bytesMax: FILE_BYTES_MAX, formBytes };
    return this.#withFile(form, expected, ({ blob, name }, fields) => {
      const filename = filenameOf(name, 'file');
      return this.files.createFrom(change, { filename, ...(writes ?? requestedBy(fields)) }, blob);
    });
  }

  /** Adds a part of a form as it arrives. @throws {AppError} as `createFile`; `upload.*`. */
  addPart({ change, uploadId, bytesMax, formBytes }: GrantOf<'add-part'>, form: IncomingMessage): Promise<StoredPart> {
    const expected = { projectId: change.projectId, field: 'data', bytesMax, formBytes };
    return this.#withFile(form, expected, ({ blob }, fields) => {
      const { sha256 } = readFields(addUploadPartRequest, formFields(fields));
      const actual = blob.sha256.toString('hex');
      if (sha256 !== undefined && sha256.toLowerCase() !== actual)
        throw invalid('sha256', `Invalid value for 'sha256': the part that has arrived has ${actual}.`);
      return this.uploads.addPart(change, uploadId, blob);
    });
  }

  /** Reads what a ticket allows. The slot is held until the end, or until the consumer gives up. @throws {AppError} */
  async *read(grant: GrantOf<'read-content' | 'read-model-file'>): AsyncGenerator<Buffer, void, undefined> {
    const release = this.slots.take(grant.projectId);
    try {
      const content =
        grant.kind === 'read-content'
          ? this.files.read(grant.projectId, grant.fileId, grant.range)
          : this.modelFiles.read(grant.projectId, grant.versionId, grant.path, grant.range);
      for await (const chunk of content) {
        metrics.transferredBytes.labels('out').inc(chunk.length);
        yield chunk;
      }
    } finally {
      release();
    }
  }

  /** Receives a form with one file, which is removed again unless the work succeeds. */
  async #withFile<T>(
    form: IncomingMessage,
    expected: ExpectedFile,
    work: (file: ReceivedFile, fields: FormFields) => Promise<T>,
  ): Promise<T> {
    const { field, bytesMax, projectId } = expected;
    const release = this.slots.take(projectId);
    const written: WrittenBlob[] = [];
    try {
      const { fields, files } = await readForm<ReceivedFile>(form, form.headers['content-type'] ?? '', {
        bytesMax: bytesMax + FORM_OVERHEAD_BYTES + READ_AHEAD_BYTES,
        onFile: (file) => (file.field === field ? this.#receive(file, expected, written) : undefined),
      });
      const [file, ...others] = files;
      if (file === undefined) throw invalid(field, `Missing required parameter: '${field}'.`);
      if (others.length > 0) throw invalid(field, `Invalid value for '${field}': expected one file.`);
      return await work(file, fields);
    } catch (error) {
      await this.blobs.discard(written);
      throw error;
    } finally {
      release();
    }
  }

  async #receive(
    { name, content }: IncomingFile,
    { projectId, field, bytesMax, formBytes }: ExpectedFile,
    written: WrittenBlob[],
  ): Promise<ReceivedFile> {
    // Somewhat more than the file, and given back when it is stored.
    const blob = await this.blobs.write(projectId, bounded(content, field, bytesMax), { bytesExpected: formBytes });
    written.push(blob);
    return { blob, name };
  }

  /** @throws {AppError} `file.too_large`, `file.too_many_transfers`, `storage.quota_exceeded`. */
  async #assertAcceptable(projectId: string, formBytes: number | undefined, bytesMax: number): Promise<void> {
    if ((formBytes ?? 0) > bytesMax + FORM_OVERHEAD_BYTES) throw new AppError('file.too_large', { bytesMax });
    this.slots.assertFree(projectId);
    await this.blobs.assertQuota(projectId, formBytes ?? 0);
  }

  async #transfer(grant: Grant): Promise<Transfer> {
    return { url: await this.address.url, ticket: this.tickets.issue(grant) };
  }
}

/** @throws {AppError} `request.invalid`. */
function requestedBy(fields: FormFields): Omit<NewFile, 'filename'> {
  const request = readFields(createFileRequest, formFields(fields));
  return {
    purpose: request.purpose,
    relativePath: request.relative_path,
    expiresAfterSeconds: request.expires_after?.seconds,
  };
}

async function* bounded(
  content: AsyncIterable<Uint8Array>,
  param: string,
  bytesMax: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  for await (const chunk of content) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new AppError('file.too_large', { bytesMax }, { param });
    metrics.transferredBytes.labels('in').inc(chunk.length);
    yield chunk;
    // Hashed and sealed. The form has nothing else of a buffer that is all content.
    freeBuffer(chunk);
  }
}

function invalid(param: string, reason: string): AppError {
  return new AppError('request.invalid', { reason }, { param });
}
