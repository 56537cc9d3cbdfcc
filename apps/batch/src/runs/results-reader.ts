import { Injectable } from '@nestjs/common';
import { RESULTS_PAGE_BYTES } from '@xerotier/contracts/batch';
import { DataKeysService } from '@xerotier/data-keys';
import { ensure } from '@xerotier/errors';
import { open } from '@xerotier/sealing';
import type { Batch } from '../batches/batch.entity.ts';
import { BatchesRepository, UNFINISHED } from '../batches/batches.repository.ts';
import type { Input, Output } from '../batches/batches.service.ts';
import { resultContext } from './results-writer.ts';

/** Of one page: results of few lines each would take a call each. */
const RESULTS_MAX = 64;
const NEWLINE = 0x0a;

/** Reads the results of batches that are not written to files yet. */
@Injectable()
export class ResultsReader {
  constructor(
    private readonly batches: BatchesRepository,
    private readonly dataKeys: DataKeysService,
  ) {}

  /** Returns what follows the line and byte, as much as fits into a page. @throws {AppError} `batch.not_found`. */
  async read(input: Input<'readResults'>): Promise<Output<'readResults'>> {
    const running = await this.#find(input);
    if (!hasEnded(running)) {
      const content = await this.#page(running, input);
      if (content.length > 0) return { content: content.toString('base64'), hasEnded: false };
    }
    // If there are none it may just have ended, and what was left is in the file.
    const batch = await this.#find(input);
    const fileId = input.kind === 'output' ? batch.outputFileId : batch.errorFileId;
    return { content: '', hasEnded: hasEnded(batch), ...(hasEnded(batch) && fileId !== null && { fileId }) };
  }

  async #find({ projectId, id }: Input<'readResults'>): Promise<Batch> {
    const batch = await this.batches.transaction(projectId, (manager) => this.batches.find(manager, projectId, id));
    return ensure(batch, 'batch.not_found', { batch: id });
  }

  async #page(batch: Batch, { kind, line, byte }: Input<'readResults'>): Promise<Buffer> {
    const key = await this.dataKeys.get(batch.projectId);
    const pieces: Buffer[] = [];
    let [next, skipped, bytes] = [line, byte, 0];
    for (let count = 0; count < RESULTS_MAX && bytes < RESULTS_PAGE_BYTES; count += 1) {
      const result = await this.batches.resultWithLine(batch, kind, next);
      if (result === null) break;
      const text = open(key, result.content, resultContext(batch, kind, result.position));
      const start = startOfLine(text, next - result.firstLine) + skipped;
      const piece = text.subarray(start, start + RESULTS_PAGE_BYTES - bytes);
      pieces.push(piece);
      bytes += piece.length;
      next = result.firstLine + result.lines;
      skipped = 0;
    }
    return Buffer.concat(pieces);
  }
}

function hasEnded({ status }: Batch): boolean {
  return !UNFINISHED.some((unfinished) => unfinished === status);
}

/** @param line from 0. */
function startOfLine(text: Buffer, line: number): number {
  let at = 0;
  for (let skipped = 0; skipped < line; skipped += 1) at = text.indexOf(NEWLINE, at) + 1;
  return at;
}
