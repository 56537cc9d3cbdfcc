/**
 * A client that uploads inputs, creates batches, and watches their counts, whatever happens to the platform: it repeats each request
 * until it succeeds, changes with the same `Idempotency-Key`, as the documentation tells clients to do.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import OpenAI, { toFile } from 'openai';
import type { KnownBatch } from './ended-batches.ts';

export interface LoadOptions {
  readonly projectUrl: string;
  readonly apiKey: string;
  /** Names of the endpoint that lines are for. */
  readonly model: string;
}

interface Counts {
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
}

const RETRY_MS = 300;
const POLL_MS = 500;
const REQUEST_TIMEOUT_MS = 10_000;
/** What clients are told to repeat. */
const REPEATED_STATUSES = [408, 409, 429];
const ENDED = new Set(['completed', 'failed', 'expired', 'cancelled']);

export class BatchLoad {
  readonly openai: OpenAI;
  readonly batches: KnownBatch[] = [];
  /** Responses that no client expects, and counts that went back. */
  readonly surprises: string[] = [];
  /** Requests that were repeated. */
  repeated = 0;
  readonly #model: string;
  readonly #done = new Map<string, number>();

  constructor({ projectUrl, apiKey, model }: LoadOptions) {
    this.openai = new OpenAI({ baseURL: projectUrl, apiKey, maxRetries: 0, timeout: REQUEST_TIMEOUT_MS });
    this.#model = model;
  }

  /** The lines that are done, as the API has reported them. */
  get linesDone(): number {
    return [...this.#done.values()].reduce((sum, lines) => sum + lines, 0);
  }

  /** Runs a batch of lines that take some ten milliseconds each; resolves with its final status. */
  async run(lines: number): Promise<string> {
    const prefix = randomUUID().slice(0, 8);
    const customIds = Array.from({ length: lines }, (_, at) => `${prefix}-${at}`);
    const input = Buffer.from(customIds.map((customId) => this.#line(customId)).join('\n'));
    const file = await this.#repeat('files.create', async (options) =>
      this.openai.files.create({ file: await toFile(input, 'input.jsonl'), purpose: 'batch' }, options),
    );
    const { id } = await this.#repeat('batches.create', (options) =>
      this.openai.batches.create(
        { input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' },
        options,
      ),
    );
    this.batches.push({ id, customIds });
    for (;;) {
      const batch = await this.#repeat('batches.retrieve', () => this.openai.batches.retrieve(id));
      if (batch.request_counts !== undefined) this.#watch(id, batch.request_counts);
      if (ENDED.has(batch.status)) return this.#end(batch);
      await delay(POLL_MS);
    }
  }

  #end({ id, status, errors }: OpenAI.Batches.Batch): string {
    if (status !== 'completed') this.surprises.push(`${id} is ${status}: ${JSON.stringify(errors)}`);
    return status;
  }

  #watch(id: string, { total, completed, failed }: Counts): void {
    const before = this.#done.get(id) ?? 0;
    const done = completed + failed;
    if (done < before) this.surprises.push(`${id} had ${before} lines done, and then ${done}`);
    if (done > total) this.surprises.push(`${id} has ${done} of ${total} lines done`);
    this.#done.set(id, done);
  }

  #line(customId: string): string {
    const script = JSON.stringify({ tokens: 3, delayMs: 15 });
    const messages = [{ role: 'user', content: `Say it. [[script ${script}]]` }];
    const body = { model: this.#model, messages };
    return JSON.stringify({ custom_id: customId, method: 'POST', url: '/v1/chat/completions', body });
  }

  /** Repeats it until it succeeds, or is rejected in a way that a client must not repeat. */
  async #repeat<T>(what: string, request: (options: OpenAI.RequestOptions) => Promise<T>): Promise<T> {
    const options = { headers: { 'Idempotency-Key': randomUUID() } };
    for (;;) {
      try {
        return await request(options);
      } catch (error) {
        const status = error instanceof OpenAI.APIError ? (error.status as number | undefined) : undefined;
        if (!(error instanceof OpenAI.APIError)) throw error;
        if (status !== undefined && status < 500 && !REPEATED_STATUSES.includes(status)) {
          this.surprises.push(`${what}: ${error.message}`);
          throw error;
        }
        this.repeated += 1;
        await delay(RETRY_MS);
      }
    }
  }
}
