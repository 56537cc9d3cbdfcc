/**
 * A failing upstream must not attract the requests of the fleet: it fails immediately and therefore always looks idle. Two
 * workers serve one model; the upstream of the first one fails in various ways, unnoticed by clients.
 */
import type { ServiceProcess } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { readFile } from 'node:fs/promises';
import type { ChatBody, Completion, ErrorBody } from './support/api-client.ts';
import { onlyInChaos } from './support/chaos.ts';
import { FailingUpstream, LONG_PROMPT } from './support/failing-upstream.ts';
import type { Behaviour } from './support/failing-upstream.ts';
import { testPlatform } from './support/test-platform.ts';
import type { PlatformPlan } from './support/test-platform.ts';

const SLOTS = 4;
const AT_ONCE = 6;
const upstreams = { a: new FailingUpstream('a'), b: new FailingUpstream('b') };

const test = testPlatform(async () => {
  await Promise.all(Object.values(upstreams).map((upstream) => upstream.start()));
  const workersOf = (modelId: string, task: string): PlatformPlan['workers'] =>
    Object.values(upstreams).map(({ url }) => ({
      modelId,
      env: {
        XIM_ENGINE: 'openai',
        XIM_TASK: task,
        XIM_UPSTREAM_URL: url,
        XIM_SLOTS: String(SLOTS),
        XIM_UPSTREAM_TIMEOUT_SECONDS: '4',
      },
    }));
  const modelOf = (id: string): PlatformPlan['models'][number] => ({
    id,
    name: id,
    ownedBy: 'Xerotier.ai',
    contextTokens: 8_192,
  });
  return {
    models: [modelOf('upstream'), modelOf('upstream-embed')],
    endpoints: [
      { slug: 'chat', modelId: 'upstream', tier: 'self_hosted' },
      { slug: 'embed', modelId: 'upstream-embed', tier: 'self_hosted', task: 'embed' },
    ],
    // `xim` and `xim-2` have the task generate, `xim-3` and `xim-4` embed.
    workers: [...workersOf('upstream', 'generate'), ...workersOf('upstream-embed', 'embed')],
    // How long a request waits for an engine when all are down.
    env: { QUEUE_TIMEOUT_MS: '10000' },
  };
});
afterAll(() => Promise.all(Object.values(upstreams).map((upstream) => upstream.stop())));

const failing = (): ServiceProcess => test.platform.service('xim');

function logOf({ spec }: ServiceProcess): Promise<string> {
  return readFile(spec.logFile, 'utf8');
}

async function isReady(service: ServiceProcess): Promise<boolean> {
  return (await fetch(`${service.healthUrl}/readyz`)).status === 200;
}

const heartbeatOf = (service: ServiceProcess): { available?: boolean | undefined; failureRate?: number | undefined } =>
  test.fleet.workers.find(({ workerId }) => workerId === service.facts['workerId']) ?? {};

/** Sends requests, half of them streamed. Returns for each the name of the upstream that served it, or the error code. */
async function sendMany(count: number, promptOf: (index: number) => string = () => 'Hello'): Promise<string[]> {
  const texts: string[] = [];
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      const body = chatBody(promptOf(index));
      texts.push(index % 2 === 0 ? await wholeText(body) : await streamedText(body));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
  return texts;
}

function chatBody(content: string): ChatBody {
  return { model: 'upstream', messages: [{ role: 'user', content }] };
}

async function wholeText(body: ChatBody): Promise<string> {
  const { status, body: response } = await test.api.post(body);
  return status === 200
    ? ((response as Completion).choices[0]?.message.content ?? '')
    : ((response as ErrorBody).error.code ?? 'no code');
}

async function streamedText(body: ChatBody): Promise<string> {
  const stream = await test.api.stream(body);
  return (await stream.ended) === 'done' ? stream.text() : (stream.error?.code ?? 'connection closed');
}

/** Restores both upstreams, and waits until all workers are available. */
async function restore(): Promise<void> {
  for (const upstream of Object.values(upstreams)) {
    upstream.behaviour = 'works';
    await upstream.start();
  }
  for (const service of ['xim', 'xim-2', 'xim-3', 'xim-4'])
    await eventually(`${service} is available`, () => isReady(test.platform.service(service)), 40_000);
  await eventually('the heartbeat says so', () => test.fleet.workers.every(({ available }) => available === true));
}

afterEach(restore, 60_000);

const failures: readonly (readonly [string, () => Promise<void> | void])[] = [
  ['is down', () => upstreams.a.stop()],
  ['returns 429 for every request', () => void (upstreams.a.behaviour = 'rejects')],
  ['hangs', () => void (upstreams.a.behaviour = 'hangs')],
  ...onlyInChaos<readonly [string, () => void]>([
    'returns 500 for every request',
    () => void (upstreams.a.behaviour = 'fails'),
  ]),
];

describe('one of two workers of a model, whose upstream', () => {
  it.each(failures)('%s becomes unavailable without failed requests, and recovers', async (_, breakIt) => {
    await breakIt();
    // A suspected worker receives few requests, and only requests reveal that its upstream fails: so some are always sent.
    await eventually(
      'it is not ready',
      async () => {
        expect(new Set(await sendMany(60))).toEqual(new Set(['b']));
        return !(await isReady(failing()));
      },
      30_000,
    );
    await eventually('the heartbeat says so', () => heartbeatOf(failing()).available === false);

    upstreams.a.requests = 0;
    expect(new Set(await sendMany(40))).toEqual(new Set(['b']));
    expect(upstreams.a.requests).toBe(0);

    await restore();
    await eventually('it serves requests again', async () => (await sendMany(2 * AT_ONCE)).includes('a'), 20_000);
  });

  it.each([
    ['returns 500 for half of the requests', 'fails-half'],
    ['returns 500 for long prompts only', 'fails-long'],
  ] as const)('%s receives fewer requests than the other, without failed requests', async (_, behaviour: Behaviour) => {
    upstreams.a.behaviour = behaviour;
    const promptOf = (index: number): string => (index % 4 < 2 ? 'x'.repeat(LONG_PROMPT) : 'Hello');
    const texts = await sendMany(60, promptOf);
    expect(texts.filter((text) => text !== 'a' && text !== 'b')).toEqual([]);
    await eventually(
      'the heartbeat says so',
      () => heartbeatOf(failing()).available === false || (heartbeatOf(failing()).failureRate ?? 0) > 0,
    );
    upstreams.a.requests = 0;
    upstreams.b.requests = 0;
    const later = await sendMany(60, promptOf);
    expect(later.filter((text) => text !== 'a' && text !== 'b')).toEqual([]);
    expect(upstreams.a.requests).toBeLessThan(upstreams.b.requests);
  });
});

describe('one of two embedding workers, whose upstream', () => {
  it.each(failures)('%s becomes unavailable without failed requests', async (_, breakIt) => {
    await breakIt();
    const url = `${test.api.with({ endpointSlug: 'embed' }).endpointUrl}/embeddings`;
    const body = { model: 'upstream-embed', input: 'Hello' };
    const embed = async (): Promise<number> => (await test.api.request('POST', url, undefined, body)).status;
    const embedAll = async (): Promise<number[]> => {
      const statuses: number[] = [];
      for (let i = 0; i < 10; i += 1) statuses.push(...(await Promise.all(Array.from({ length: AT_ONCE }, embed))));
      return statuses;
    };
    await eventually(
      'it is not ready',
      async () => {
        expect(new Set(await embedAll())).toEqual(new Set([200]));
        return !(await isReady(test.platform.service('xim-3')));
      },
      30_000,
    );
    upstreams.a.requests = 0;
    expect(new Set(await embedAll())).toEqual(new Set([200]));
    expect(upstreams.a.requests).toBe(0);
  });
});

describe('model whose upstreams are all down', () => {
  it('returns 503 engine_unavailable, and serves requests again as soon as one is up', async () => {
    await Promise.all([upstreams.a.stop(), upstreams.b.stop()]);
    const { status, body, headers } = await test.api.post(chatBody('Hello'));
    expect(status).toBe(503);
    expect((body as ErrorBody).error).toMatchObject({
      type: 'service_unavailable',
      code: 'engine_unavailable',
    });
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    await upstreams.b.start();
    await eventually('it serves requests again', async () => (await sendMany(1))[0] === 'b', 40_000);
  });
});

describe('worker whose upstream is down when it starts', () => {
  it('starts, logs that it waits for the engine, and serves requests as soon as the upstream is up', async () => {
    const worker = test.platform.service('xim-2');
    await worker.stop();
    await upstreams.b.stop();
    await worker.start();
    expect(await isReady(worker)).toBe(false);
    await eventually('it says so', async () => (await logOf(worker)).includes('waiting for engine'));
    expect(new Set(await sendMany(10))).toEqual(new Set(['a']));
    await upstreams.b.start();
    await eventually('it serves requests', async () => (await sendMany(2 * AT_ONCE)).includes('b'), 20_000);
  });
});

describe('log of a worker', () => {
  it('has an entry for each failed generation with request id and upstream status, without the prompt', async () => {
    upstreams.a.behaviour = 'fails';
    upstreams.b.behaviour = 'fails';
    const { requestId, status } = await test.api.post(chatBody('a secret prompt'));
    expect(status).toBeGreaterThanOrEqual(500);
    const line = await eventually('it is logged', async () => {
      const logs = await Promise.all(['xim', 'xim-2'].map((name) => logOf(test.platform.service(name))));
      expect(logs.join('')).not.toContain('secret prompt');
      return logs
        .join('')
        .split('\n')
        .find((line) => line.includes(requestId) && line.includes('generation failed'));
    });
    expect(JSON.parse(line)).toMatchObject({
      level: 'warn',
      requestId,
      workerId: expect.any(String),
      code: 'inference.engine_failed',
      upstreamStatus: 500,
    });
  });
});
