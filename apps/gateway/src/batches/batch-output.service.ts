/**
 * The output of a batch, from any line: while it runs, pages of the batch service, and the file when it has ended. Each page is
 * requested when the client has read the one before, so that a slow client has one page in memory.
 */
import { Injectable } from '@nestjs/common';
import { batchContract } from '@xerotier/contracts/batch';
import { AppError } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import type { OnDrain } from '@xerotier/service-host';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { FilesService } from '../files/files.service.ts';
import { LineCursor, SkippedLines } from './line-cursor.ts';
import { OutputReaders } from './output-readers.ts';

const { readResults } = batchContract.operations;

export interface OutputRequest {
  readonly projectId: string;
  readonly id: string;
  readonly kind: 'output' | 'error';
  /** Lines to skip. */
  readonly after: number;
  readonly limit: number;
  readonly follow: boolean;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
  /** Called every few seconds while the batch runs. @throws {AppError} if the client may not read any more. */
  readonly recheck: () => void | Promise<void>;
}

interface Page {
  readonly content: Buffer;
  readonly hasEnded: boolean;
  readonly fileId: string | undefined;
}

const POLL_MS = 1_000;
/** An empty line, so that neither clients nor proxies take the connection for dead. */
const HEARTBEAT_MS = 15_000;
/** How often it is checked whether the client may still read. */
const CHECK_MS = 5_000;
/** How long the batch service may be away while it is followed. */
const OUTAGE_MS = 60_000;
const NOTHING: Page = { content: Buffer.alloc(0), hasEnded: false, fileId: undefined };

@Injectable()
export class BatchOutputService implements OnDrain {
  readonly #stopping = new AbortController();

  constructor(
    private readonly bus: Bus,
    private readonly files: FilesService,
    private readonly readers: OutputReaders,
  ) {}

  /** Clients continue at another gateway. */
  onDrain(): void {
    this.#stopping.abort(new AppError('service.draining'));
  }

  /**
   * Opens the output. If it cannot be read to the end, it fails.
   * @throws {AppError} `batch.not_found`, `batch.project_readers_exceeded`, `batch.too_many_readers`; `file.not_found` if the batch
   * has ended and its file was deleted; `files.unavailable`, `db.unavailable`.
   */
  async open(request: OutputRequest): Promise<Readable> {
    const remove = this.readers.add(request.projectId);
    try {
      const cursor = new LineCursor(request.after, request.limit);
      const first = await this.#page(request, cursor);
      const file = await this.#file(request, first);
      const output = Readable.from(this.#output(request, cursor, first, file), { objectMode: false });
      output.once('close', () => {
        file?.destroy();
        remove();
      });
      return output;
    } catch (error) {
      remove();
      throw error;
    }
  }

  async *#output(
    request: OutputRequest,
    cursor: LineCursor,
    first: Page,
    opened: Readable | undefined,
  ): AsyncGenerator<Buffer, void, undefined> {
    let page = first;
    let file = opened;
    const outage = new Outage(request.follow ? OUTAGE_MS : 0);
    let sentAt = performance.now();
    let checkedAt = sentAt;
    while (!page.hasEnded) {
      const content = cursor.take(page.content);
      if (content.length > 0) {
        yield content;
        sentAt = performance.now();
      }
      if (cursor.isAtLimit) return;
      if (page.content.length === 0) {
        if (!request.follow) return;
        await this.#poll(request.signal);
      }
      if (performance.now() - checkedAt >= CHECK_MS) {
        await request.recheck();
        checkedAt = performance.now();
      }
      // In an outage the reader may be within a line.
      if (performance.now() - sentAt >= HEARTBEAT_MS && cursor.byte === 0) {
        yield HEARTBEAT;
        sentAt = performance.now();
      }
      page = await outage.tolerated(this.#page(request, cursor));
      file = await this.#file(request, page);
    }
    if (file === undefined) return;
    const skipped = new SkippedLines(cursor);
    for await (const chunk of file as AsyncIterable<Buffer>) {
      const content = cursor.take(skipped.restOf(chunk));
      if (content.length > 0) yield content;
      if (cursor.isAtLimit) return;
    }
  }

  async #page({ projectId, id, kind }: OutputRequest, { line, byte }: LineCursor): Promise<Page> {
    const { content, hasEnded, fileId } = await this.bus.call(readResults, { projectId, id, kind, line, byte });
    return { content: Buffer.from(content, 'base64'), hasEnded, fileId };
  }

  async #poll(gone: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([this.#stopping.signal, gone]);
    await delay(POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }

  async #file({ projectId }: OutputRequest, { hasEnded, fileId }: Page): Promise<Readable | undefined> {
    if (!hasEnded || fileId === undefined) return undefined;
    return this.files.read(projectId, fileId);
  }
}

const HEARTBEAT = Buffer.from('\n');

/** Errors that pass, for so long. */
class Outage {
  readonly #msMax: number;
  #beganAt: number | undefined;

  constructor(msMax: number) {
    this.#msMax = msMax;
  }

  /** Returns an empty page instead of an error that may pass. */
  async tolerated(page: Promise<Page>): Promise<Page> {
    try {
      const found = await page;
      this.#beganAt = undefined;
      return found;
    } catch (error) {
      this.#beganAt ??= performance.now();
      if (!AppError.from(error).retryable || performance.now() - this.#beganAt >= this.#msMax) throw error;
      return NOTHING;
    }
  }
}
