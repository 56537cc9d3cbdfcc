import { countingContract } from '@xerotier/contracts/xim';
import { AppError } from '@xerotier/errors';
import { testBuses } from '@xerotier/nats/testing';
import { eventually, testServers } from '@xerotier/testing';
import { countPrompt } from './prompt-count.ts';
import type { PromptCount } from './prompt-count.ts';

const servers = testServers('nats');
const connectBus = testBuses(() => servers.nats.url);

const NEVER = new AbortController().signal;
let models = 0;
let model: string;

beforeEach(() => {
  models += 1;
  model = `m${models}`;
});

type Handler = Parameters<typeof serve>[0];

async function serve(
  count: (
    input: Readonly<Record<string, unknown>>,
    stream: { signal: AbortSignal; head: (head: { workerId: string }) => void },
  ) => Promise<{ inputTokens: number }>,
): Promise<void> {
  const { bus } = await connectBus();
  bus.serve(countingContract, { count }, { values: { model } });
  await bus.flush();
}

async function count(signal = NEVER): Promise<PromptCount> {
  const { bus } = await connectBus();
  const context = {
    ...{ requestId: 'req_1', projectId: 'proj_1', endpointId: '0b7c9a52-51f1-4f4e-9d31-3b6c1d2f4a10', keyId: 'key_1' },
    ...{ tier: 'free', modelId: model, priority: 'interactive' as const, endUser: 'somebody' },
  };
  const chat = { model: 'tiny', messages: [{ role: 'user' as const, content: 'hello' }], user: 'somebody' };
  return countPrompt(bus, { context, chat, deadlineMs: 5_000 }, signal);
}

describe('countPrompt', () => {
  it('sends the prompt without what workers have no business with', async () => {
    let received: unknown;
    await serve(async (input, stream) => {
      received = input;
      stream.head({ workerId: 'w1' });
      return { inputTokens: 7 };
    });
    expect(await count()).toEqual({ workerId: 'w1', inputTokens: 7 });
    expect(received).toEqual({
      ...{ requestId: 'req_1', projectId: 'proj_1', priority: 'interactive' },
      chat: { model: 'tiny', messages: [{ role: 'user', content: 'hello' }] },
    });
  });

  it('is unavailable if no worker knows how to count', async () => {
    await expect(count()).rejects.toMatchObject({ code: 'inference.counting_unavailable', status: 503 });
  });

  it('asks again if a worker is busy, three times at most', async () => {
    let calls = 0;
    const busy: Handler = async (_input, stream) => {
      calls += 1;
      if (calls !== 3) throw new AppError('worker.busy');
      stream.head({ workerId: 'w1' });
      return { inputTokens: 7 };
    };
    await serve(busy);
    expect(await count()).toMatchObject({ inputTokens: 7 });
    await expect(count()).rejects.toMatchObject({ code: 'worker.busy' });
    expect(calls).toBe(6);
  });

  it('does not ask again what another worker would reject, too', async () => {
    let calls = 0;
    await serve(() => {
      calls += 1;
      return Promise.reject(new AppError('inference.task_unsupported', { task: 'count tokens' }));
    });
    await expect(count()).rejects.toMatchObject({ code: 'inference.task_unsupported' });
    expect(calls).toBe(1);
  });

  it('stops the worker with its caller', async () => {
    let worker: AbortSignal | undefined;
    await serve((_input, { signal }) => {
      worker = signal;
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    });
    const stopped = new AbortController();
    const counted = count(stopped.signal);
    await eventually('it counts', () => worker);
    stopped.abort();
    await expect(counted).rejects.toMatchObject({ code: 'inference.cancelled' });
    expect(worker?.aborted).toBe(true);
  });
});
