/** Calls the contract of turns as the gateway does. */
import type { StreamContract } from '@xerotier/contracts/define';
import { turnsContract } from '@xerotier/contracts/responses';
import type { Bus } from '@xerotier/nats';
import { compactResponseRequest, countInputTokensRequest, createResponseRequest } from '@xerotier/public-api/responses';
import type { PublicResponse, ResponseCompaction } from '@xerotier/public-api/responses';
import type { z } from 'zod';
import { aCall } from './replying-model.ts';

type Fields = Readonly<Record<string, unknown>>;

const DEADLINE_MS = 20_000;
const { run, compact, count, enqueue } = turnsContract.operations;

export class TurnsClient {
  readonly #bus: Bus;
  readonly #projectId: string;
  readonly #systemPrompt: string | undefined;
  #requests = 0;

  constructor(bus: Bus, projectId: string, systemPrompt?: string) {
    this.#bus = bus;
    this.#projectId = projectId;
    this.#systemPrompt = systemPrompt;
  }

  async run(fields: Fields): Promise<PublicResponse> {
    return (await this.#open(run, createResponseRequest.parse({ model: 'tiny', ...fields }))).value as PublicResponse;
  }

  async enqueue(fields: Fields): Promise<PublicResponse> {
    const request = createResponseRequest.parse({ model: 'tiny', background: true, ...fields });
    return (await this.#open(enqueue, request)).value as PublicResponse;
  }

  async compact(fields: Fields): Promise<ResponseCompaction> {
    const request = compactResponseRequest.parse({ model: 'tiny', ...fields });
    return (await this.#open(compact, request)).value as ResponseCompaction;
  }

  async count(fields: Fields): Promise<number> {
    return (await this.#open(count, countInputTokensRequest.parse({ model: 'tiny', ...fields }))).end.inputTokens;
  }

  #open<C extends StreamContract>(contract: C, request: Fields): Promise<{ value: unknown; end: z.output<C['end']> }> {
    this.#requests += 1;
    const call = aCall(this.#projectId, `req_${this.#projectId}_${this.#requests}`);
    const input = { call, request, ...(this.#systemPrompt !== undefined && { systemPrompt: this.#systemPrompt }) };
    return new Promise((resolve, reject) => {
      const parts: Buffer[] = [];
      this.#bus.open(
        contract,
        input as never,
        {
          head: () => undefined,
          data: (payload) => parts.push(Buffer.from(payload)),
          end: (end) =>
            resolve({ value: parts.length === 0 ? undefined : JSON.parse(Buffer.concat(parts).toString()), end }),
          error: reject,
        },
        { deadlineMs: DEADLINE_MS } as never,
      );
    });
  }
}
