import { buffer } from 'node:stream/consumers';
import { jsonLines } from '../lines/json-lines.ts';
import type { InputFiles } from '../lines/input-files.ts';
import type { Batch } from '../batches/batch.entity.ts';
import type { BatchesRepository } from '../batches/batches.repository.ts';
import { LINE_BYTES_MAX } from '../validation/validation.service.ts';
import type { Line } from '../lines/line.ts';
import { orderOf } from './line-order.ts';

/** A line that is not done. */
export interface PendingLine {
  readonly chunk: number;
  /** Its place in the chunk. */
  readonly index: number;
  /** Of the file, from 1. */
  readonly number: number;
  readonly line: Line;
}

/** The lines of a batch that are not done. A chunk of the file is read when its turn comes, and has the order in which caches are warm. */
export async function* pendingLines(
  batch: Batch,
  batches: BatchesRepository,
  files: InputFiles,
): AsyncGenerator<PendingLine, void, undefined> {
  const { projectId, id, inputFileId } = batch;
  for (const { number: chunk, startByte, endByte, firstLine, done } of await batches.openChunks(projectId, id)) {
    const range = { start: Number(startByte), end: Number(endByte) };
    // Whole, since lines take as long as inference does: a transfer must not wait for them.
    const content = [await buffer(await files.open(projectId, inputFileId, range))];
    const pending: PendingLine[] = [];
    let index = 0;
    for await (const raw of jsonLines(content, { bytesMax: LINE_BYTES_MAX, start: range.start, firstLine })) {
      const isDone = ((done[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
      if (!isDone) {
        // It was validated before.
        const {
          custom_id: customId,
          url,
          body,
        } = JSON.parse(raw.bytes.toString('utf8')) as {
          custom_id: string;
          url: Line['url'];
          body: Line['body'];
        };
        const line = { customId, url, model: String(body['model']), body };
        pending.push({ chunk, index, number: raw.number, line });
      }
      index += 1;
    }
    yield* orderOf(pending);
  }
}
