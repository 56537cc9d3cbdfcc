/** Batches that run while a test breaks something, and what has to hold in the end. */
import { checkEndedBatches, linesDone } from '@xerotier/chaos';
import type { BatchFindings, KnownBatch } from '@xerotier/chaos';
import { eventually } from '@xerotier/testing';
import { randomInt } from 'node:crypto';
import OpenAI from 'openai';
import { BatchClient, chatLine } from './batch-client.ts';
import type { TestPlatform } from './test-platform.ts';

const END_TIMEOUT_MS = 600_000;

const NOTHING: BatchFindings = {
  ...{ unreadable: [], lost: [], repeated: [], unknown: [], miscounted: [] },
  ...{ unbilled: [], misbilled: [], billedTwice: [], billedWithoutResult: [] },
};

export class BatchRuns {
  readonly #test: TestPlatform;
  readonly #batches: KnownBatch[] = [];

  constructor(test: TestPlatform) {
    this.#test = test;
  }

  /** Retries like any client of the SDK: requests fail while something is down. */
  get client(): BatchClient {
    const { projectUrl, apiKey } = this.#test.description;
    return new BatchClient(new OpenAI({ baseURL: projectUrl, apiKey, maxRetries: 10 }));
  }

  /** Creates a batch of lines that take half to twice of `delayMs` per token. */
  async begin(prefix: string, { count, delayMs = 20 }: { count: number; delayMs?: number }): Promise<KnownBatch> {
    const customIds = Array.from({ length: count }, (_, at) => `${prefix}-${at}`);
    const lines = customIds.map((id) => chatLine(id, { tokens: 3, delayMs: randomInt(delayMs / 2, delayMs * 2) }));
    const { id } = await this.client.create(lines.join('\n'));
    const batch = { id, customIds };
    this.#batches.push(batch);
    return batch;
  }

  /** A batch that the test has created itself. */
  add(batch: KnownBatch): void {
    this.#batches.push(batch);
  }

  /** Waits until so many lines of a batch are done. */
  async progress({ id }: KnownBatch, count: number): Promise<void> {
    const done = (): Promise<number> => linesDone(this.#test.description.databaseUrl, id);
    await eventually(`${count} lines are done`, async () => (await done()) >= count, 120_000);
  }

  /** Waits for the end of all batches so far, and expects that all their lines have succeeded, and that nothing is wrong. */
  async expectComplete(): Promise<void> {
    for (const { id, customIds } of this.#batches) {
      const total = customIds.length;
      const ended = await this.client.ended(id, END_TIMEOUT_MS);
      expect(ended).toMatchObject({ status: 'completed', request_counts: { total, completed: total, failed: 0 } });
    }
    const { databaseUrl, projectId } = this.#test.description;
    const { openai } = this.client;
    const checked = await checkEndedBatches({ openai, databaseUrl, projectId, batches: this.#batches });
    expect(checked).toMatchObject({ findings: NOTHING, remains: 0 });
  }
}
