/** A model on the bus, behind a router with room for every call. What it writes is scripted. */
import { routerContract } from '@xerotier/contracts/router';
import { workerContract } from '@xerotier/contracts/xim';
import type { GenerationInput } from '@xerotier/contracts/xim';
import type { Bus } from '@xerotier/nats';

export const MODEL = 'm';
const WORKER = 'fake-model';

export interface ModelStream {
  readonly signal: AbortSignal;
  readonly write: (text: string) => void;
}

export type Script = (stream: ModelStream, call: number) => Promise<void>;

export class FakeModel {
  /** Ids of the requests, in the order of their calls. */
  readonly calls: string[] = [];
  running = 0;
  script: Script = () => Promise.resolve();

  async serve(bus: Bus): Promise<void> {
    const { acquire, acquireMany } = routerContract.operations;
    let leases = 0;
    const grant = (): { status: 'granted'; leaseId: string; workerId: string } => ({
      status: 'granted',
      leaseId: `lease_${(leases += 1)}`,
      workerId: WORKER,
    });
    bus.serve(
      { ...routerContract, operations: { acquire, acquireMany } },
      { acquire: grant, acquireMany: ({ requests }) => ({ results: requests.map(grant) }) },
    );
    const { generate } = workerContract.operations;
    bus.serve(
      { ...workerContract, operations: { generate } },
      {
        generate: async (input, stream) => {
          stream.head({ workerId: WORKER });
          const write = (text: string): void => stream.data(chunk({ content: text }, null));
          const tokens = await this.#run(input, { signal: stream.signal, write });
          if (!stream.signal.aborted) stream.data(chunk({}, 'stop'));
          return { usage: usageOf(tokens), cancelled: stream.signal.aborted };
        },
      },
      { values: { model: MODEL, worker: WORKER }, queue: null },
    );
    await bus.flush();
  }

  async #run(input: GenerationInput, { signal, write }: ModelStream): Promise<number> {
    const call = this.calls.push(input.requestId);
    this.running += 1;
    let tokens = 0;
    const counted = (text: string): void => {
      tokens += 1;
      write(text);
    };
    try {
      await this.script({ signal, write: counted }, call);
    } finally {
      this.running -= 1;
    }
    return tokens;
  }
}

function usageOf(
  completionTokens: number,
): Record<
  | 'promptTokens'
  | 'cachedTokens'
  | 'completionTokens'
  | 'reasoningTokens'
  | 'acceptedPredictionTokens'
  | 'rejectedPredictionTokens',
  number
> {
  const others = { cachedTokens: 0, reasoningTokens: 0, acceptedPredictionTokens: 0, rejectedPredictionTokens: 0 };
  return { promptTokens: 5, completionTokens, ...others };
}

function chunk(delta: object, reason: string | null): Buffer {
  return Buffer.from(JSON.stringify([{ index: 0, delta, finish_reason: reason, logprobs: null }]));
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
