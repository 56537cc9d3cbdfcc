import { Injectable } from '@nestjs/common';
import { batchLinesContract } from '@xerotier/contracts/gateway';
import { AppError } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import { BATCH_BYTES_MAX, BATCH_LINES_MAX } from '@xerotier/public-api/batches';
import type { BatchChunk } from '../batches/batch-chunk.entity.ts';
import type { Batch } from '../batches/batch.entity.ts';
import { BatchesRepository } from '../batches/batches.repository.ts';
import { InputFiles } from '../lines/input-files.ts';
import { jsonLines, LineTooLongError } from '../lines/json-lines.ts';
import type { RawLine } from '../lines/json-lines.ts';
import { TokenTotals } from './token-totals.ts';
import { validateLine } from './validate-line.ts';
import type { LineError } from './validate-line.ts';

export interface ValidInput {
  readonly chunks: readonly BatchChunk[];
  /** Those to run: a batch that retries another one skips the others of its file. */
  readonly lines: number;
  /** Of all lines, if they have the same. */
  readonly model: string | null;
  /** What all lines may use, roughly. */
  readonly tokens: TokenTotals;
}

/** The input of a batch is not valid: the batch fails, and runs nothing. */
export class InvalidInputError extends Error {
  override readonly name = 'InvalidInputError';

  constructor(readonly errors: readonly LineError[]) {
    super('The input of the batch is not valid');
  }
}

/** Maximum length of a line: that of a request to the API. */
export const LINE_BYTES_MAX = 32 * 1_024 ** 2;
/** Of an error file: a response and its line. */
const ERROR_LINE_BYTES_MAX = 2 * LINE_BYTES_MAX;
/** Embeddings of a whole batch, as OpenAI limits them. */
const INPUTS_MAX = 50_000;
const ERRORS_MAX = 100;
const CHUNK_LINES = 1_000;
const CHUNK_BYTES = 8 * 1_024 ** 2;
const MODELS_MAX = 1_000;

/** Validates input files as a stream: memory grows with the custom ids, not with the file. */
@Injectable()
export class ValidationService {
  constructor(
    private readonly files: InputFiles,
    private readonly bus: Bus,
    private readonly batches: BatchesRepository,
  ) {}

  /**
   * @throws {InvalidInputError} with the errors of the OpenAI API, at most 100.
   * @throws {AppError} of an outage, `retryable`.
   */
  async validate(batch: Batch, signal: AbortSignal): Promise<ValidInput> {
    const retried = await this.#retriedLines(batch, signal);
    const input = await this.#content(batch);
    const errors: LineError[] = [];
    const chunks = new ChunkList(batch);
    const seen = new Set<string>();
    const models = new Map<string, number>();
    const tokens = new TokenTotals();
    let inputs = 0;
    const failed = (error: Omit<LineError, 'line' | 'param'> & Partial<LineError>): void => {
      errors.push({ param: null, line: null, ...error });
    };
    try {
      for await (const raw of jsonLines(input, { bytesMax: LINE_BYTES_MAX })) {
        signal.throwIfAborted();
        const found = validateLine(raw.bytes, raw.number, batch.endpoint);
        const isSkipped = found.ok && retried !== undefined && !retried.has(found.line.customId);
        if (isSkipped) {
          chunks.add(raw, true);
          continue;
        }
        if (found.ok) {
          const { customId, model } = found.line;
          if (seen.has(customId))
            failed({
              code: 'duplicate_custom_id',
              message: `The custom_id '${customId.slice(0, 64)}' is used by an earlier line.`,
              ...{ param: 'custom_id', line: raw.number },
            });
          seen.add(customId);
          if (!models.has(model)) models.set(model, raw.number);
          tokens.add(model, found.tokens);
          inputs += found.inputs;
        } else errors.push(...found.errors);
        chunks.add(raw, false);
        if (errors.length >= ERRORS_MAX || models.size > MODELS_MAX || chunks.lines > BATCH_LINES_MAX) break;
      }
    } catch (error) {
      if (!(error instanceof LineTooLongError)) throw error;
      const message = `This line is longer than ${LINE_BYTES_MAX} bytes.`;
      failed({ code: 'line_too_long', message, line: error.line });
    }
    if (chunks.lines === 0 && errors.length === 0) failed({ code: 'empty_file', message: 'The input file is empty.' });
    if (chunks.lines > BATCH_LINES_MAX)
      failed({ code: 'too_many_requests', message: `A batch has at most ${BATCH_LINES_MAX} requests.` });
    if (models.size > MODELS_MAX)
      failed({ code: 'too_many_models', message: `A batch has at most ${MODELS_MAX} models.` });
    if (inputs > INPUTS_MAX)
      failed({ code: 'too_many_inputs', message: `A batch has at most ${INPUTS_MAX} inputs to embed.` });
    if (errors.length === 0) errors.push(...(await this.#unknownModels(batch, models)));
    if (errors.length > 0) throw new InvalidInputError(errors.slice(0, ERRORS_MAX));
    const [model = null, ...others] = models.keys();
    return {
      chunks: chunks.all(),
      lines: chunks.lines - chunks.skipped,
      model: others.length === 0 ? model : null,
      tokens,
    };
  }

  async #content({ projectId, inputFileId }: Batch): Promise<AsyncIterable<Uint8Array>> {
    const error = (message: string): InvalidInputError =>
      new InvalidInputError([{ code: 'invalid_request', message, param: 'file_id', line: null }]);
    try {
      const { purpose, bytes } = await this.files.get(projectId, inputFileId);
      if (purpose !== 'batch') throw error(`The purpose of the file is '${purpose}', but must be 'batch'.`);
      if (bytes > BATCH_BYTES_MAX) throw error(`The file is larger than ${BATCH_BYTES_MAX} bytes.`);
      return await this.files.open(projectId, inputFileId);
    } catch (cause) {
      if (!AppError.is(cause) || cause.code !== 'file.not_found') throw cause;
      throw error(
        `Cannot find file ${inputFileId.slice(0, 64)}, or organization ${projectId} does not have access to it.`,
      );
    }
  }

  /** The custom ids of the lines that have failed in the batch that this one retries; undefined if all lines are to be run. */
  async #retriedLines(
    { projectId, retriedBatchId }: Batch,
    signal: AbortSignal,
  ): Promise<ReadonlySet<string> | undefined> {
    if (retriedBatchId === null) return undefined;
    const retried = await this.batches.transaction(projectId, (manager) =>
      this.batches.find(manager, projectId, retriedBatchId),
    );
    const failed = new Set<string>();
    try {
      const content = await this.files.open(projectId, retried?.errorFileId ?? '');
      for await (const { bytes } of jsonLines(content, { bytesMax: ERROR_LINE_BYTES_MAX })) {
        signal.throwIfAborted();
        failed.add((JSON.parse(bytes.toString('utf8')) as { custom_id: string }).custom_id);
      }
    } catch (cause) {
      if (!AppError.is(cause) || cause.code !== 'file.not_found') throw cause;
      const message = `The error file of the batch '${retriedBatchId}' does not exist any more.`;
      throw new InvalidInputError([{ code: 'invalid_request', message, param: 'error_file_id', line: null }]);
    }
    return failed;
  }

  async #unknownModels({ projectId, keyId }: Batch, models: ReadonlyMap<string, number>): Promise<LineError[]> {
    const { findUnknownModels } = batchLinesContract.operations;
    const { unknown } = await this.bus.call(findUnknownModels, { projectId, keyId, models: [...models.keys()] });
    return unknown.map((model) => ({
      code: 'model_not_found',
      message: `The provided model '${model}' is not supported by the Batch API.`,
      ...{ param: 'body.model', line: models.get(model) ?? null },
    }));
  }
}

/** Groups consecutive lines. */
class ChunkList {
  lines = 0;
  skipped = 0;
  readonly #batch: Batch;
  readonly #chunks: { startByte: number; endByte: number; firstLine: number; lines: number; skipped: number[] }[] = [];

  constructor(batch: Batch) {
    this.#batch = batch;
  }

  /** A line that is skipped counts as done. */
  add({ number, start, end }: RawLine, isSkipped: boolean): void {
    this.lines += 1;
    if (isSkipped) this.skipped += 1;
    const last = this.#chunks.at(-1);
    if (last === undefined || last.lines >= CHUNK_LINES || end - last.startByte > CHUNK_BYTES)
      this.#chunks.push({ startByte: start, endByte: end, firstLine: number, lines: 1, skipped: isSkipped ? [0] : [] });
    else {
      if (isSkipped) last.skipped.push(last.lines);
      last.lines += 1;
      last.endByte = end;
    }
  }

  all(): BatchChunk[] {
    const { projectId, id: batchId } = this.#batch;
    return this.#chunks.map(({ startByte, endByte, firstLine, lines, skipped }, number) => {
      const done = Buffer.alloc(Math.ceil(lines / 8));
      for (const line of skipped) done[line >> 3] = (done[line >> 3] ?? 0) | (1 << (line & 7));
      return {
        ...{ projectId, batchId, number, firstLine, lines, done, doneLines: skipped.length },
        ...{ startByte: String(startByte), endByte: String(endByte) },
      };
    });
  }
}
