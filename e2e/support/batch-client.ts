/** Batches through the official SDK. */
import type { OutputLine } from '@xerotier/chaos';
import { eventually } from '@xerotier/testing';
import OpenAI, { toFile } from 'openai';
import { scripted } from './api-client.ts';

export type Batch = OpenAI.Batches.Batch;

const ENDED = new Set(['completed', 'failed', 'expired', 'cancelled']);

export class BatchClient {
  readonly openai: OpenAI;

  constructor(openai: OpenAI) {
    this.openai = openai;
  }

  async upload(text: string, purpose: 'batch' | 'user_data' = 'batch'): Promise<string> {
    return (await this.openai.files.create({ file: await toFile(Buffer.from(text), 'input.jsonl'), purpose })).id;
  }

  /** Creates a batch of this input. */
  async create(text: string, params: Partial<OpenAI.Batches.BatchCreateParams> = {}): Promise<Batch> {
    return this.openai.batches.create({
      input_file_id: params.input_file_id ?? (await this.upload(text)),
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
      ...params,
    });
  }

  ended(id: string, timeoutMs = 60_000): Promise<Batch> {
    return eventually(
      `the batch ${id} ends`,
      async () => {
        const batch = await this.openai.batches.retrieve(id);
        return ENDED.has(batch.status) ? batch : undefined;
      },
      timeoutMs,
    );
  }

  async lines(fileId: string | undefined): Promise<OutputLine[]> {
    if (fileId === undefined) return [];
    const text = await (await this.openai.files.content(fileId)).text();
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as OutputLine);
  }
}

/** A line for the scripted engine. */
export function chatLine(
  customId: string,
  script: Readonly<Record<string, unknown>> = { tokens: 2 },
  more: object = {},
): string {
  return JSON.stringify({
    ...{ custom_id: customId, method: 'POST', url: '/v1/chat/completions' },
    body: scripted(script, { model: 'chat', ...more }),
  });
}
