/** Calls the operations on responses, for tests of one project. */
import type { StreamContract } from '@xerotier/contracts/define';
import { storedResponsesContract, turnsContract } from '@xerotier/contracts/responses';
import type { Bus } from '@xerotier/nats';
import type { PublicResponse } from '@xerotier/public-api/responses';
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { aMessage } from './conversations-client.ts';
import { MODEL } from './fake-model.ts';
import { ENDPOINT } from './running-responses.ts';

const { run, enqueue } = turnsContract.operations;
const { get, follow, cancel, delete: remove } = storedResponsesContract.operations;

export class ResponsesClient {
  readonly projectId: string;
  readonly #bus: () => Bus;

  constructor(bus: () => Bus, projectId: string) {
    this.#bus = bus;
    this.projectId = projectId;
  }

  async enqueue(request: object = {}): Promise<PublicResponse> {
    return this.#object(enqueue, this.#turn({ ...request, background: true }));
  }

  /** Returns the events, which are there as they come, and the end, which never rejects. */
  run(request: object = {}): { events: string[]; ended: Promise<string> } {
    const events: string[] = [];
    return { events, ended: this.#frames(run, this.#turn({ ...request, stream: true }), events) };
  }

  get(id: string): Promise<PublicResponse> {
    return this.#object(get, { projectId: this.projectId, id });
  }

  cancel(id: string): Promise<PublicResponse> {
    return this.#object(cancel, { projectId: this.projectId, id });
  }

  async delete(id: string): Promise<void> {
    await this.#bus().call(remove, { projectId: this.projectId, id });
  }

  /** As `run`. */
  follow(id: string, after?: number): { events: string[]; ended: Promise<string> } {
    const events: string[] = [];
    const input = { projectId: this.projectId, id, obfuscates: false, ...(after !== undefined && { after }) };
    return { events, ended: this.#frames(follow, input, events) };
  }

  #turn(request: object): z.input<typeof run.input> {
    const { projectId } = this;
    return {
      call: {
        ...{ requestId: `req_${randomUUID()}`, projectId, endpointId: ENDPOINT, keyId: 'key_1', tier: 'free' },
        ...{ modelId: MODEL, modelName: MODEL, priority: 'interactive' },
      },
      request: { model: MODEL, input: [aMessage('Hello')], ...request },
    };
  }

  /** Resolves with the code of the error, or `done`. */
  #frames<C extends StreamContract>(contract: C, input: z.input<C['input']>, frames: string[]): Promise<string> {
    return new Promise((resolve) => {
      const sink = {
        head: () => undefined,
        data: (payload: Uint8Array) => void frames.push(Buffer.from(payload).toString()),
        end: () => resolve('done'),
        error: ({ code }: { code: string }) => resolve(code),
      };
      this.#bus().open(contract, input, sink, { deadlineMs: 60_000 } as never);
    });
  }

  async #object<C extends StreamContract>(contract: C, input: z.input<C['input']>): Promise<PublicResponse> {
    const frames: string[] = [];
    const code = await this.#frames(contract, input, frames);
    if (code !== 'done') throw new Error(code);
    return JSON.parse(frames.join('')) as PublicResponse;
  }
}
