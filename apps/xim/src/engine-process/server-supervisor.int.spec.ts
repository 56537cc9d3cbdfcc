import { capturedLog } from '@xerotier/log/testing';
import { eventually } from '@xerotier/testing';
import { recipes } from './recipes.ts';
import type { SupervisedKind } from './recipes.ts';
import { ServerClient } from './server-client.ts';
import { ServerSupervisor } from './server-supervisor.ts';
import type { ServerLoad } from './server-load.ts';
import type { SupervisorOptions } from './server-supervisor.ts';
import { allGone, StandInServer } from './testing/stand-in-server.ts';
import type { Behaviour } from './testing/stand-in-server.ts';

const FAST: SupervisorOptions = {
  startTimeoutMs: 20_000,
  hangMs: 1_500,
  observeMs: 50,
  stopGraceMs: 500,
  pauseMs: 1,
  crashLoopPauseMs: 1,
};

interface Supervised {
  readonly server: StandInServer;
  readonly supervisor: ServerSupervisor;
  readonly lost: string[];
  readonly gaveUp: string[];
  readonly loads: ServerLoad[];
  readonly logged: () => string;
  readonly complete: (fields?: object) => Promise<Response>;
}

const started: Supervised[] = [];
afterEach(async () => {
  for (const { supervisor, server } of started.splice(0)) {
    await supervisor.stop();
    await server.remove();
  }
});

async function supervise(
  behaviour: Behaviour = {},
  {
    kind = 'vllm',
    times = {},
    failuresMax = 3,
    env = {},
  }: Partial<{
    kind: SupervisedKind;
    times: Partial<SupervisorOptions>;
    failuresMax: number;
    env: Record<string, string>;
  }> = {},
): Promise<Supervised> {
  const server = await StandInServer.create(kind, behaviour);
  const prepared = await server.prepare(env);
  const { log, text } = capturedLog();
  const lost: string[] = [];
  const gaveUp: string[] = [];
  const loads: ServerLoad[] = [];
  const supervisor = new ServerSupervisor(
    { ...prepared, recipe: recipes[kind], failuresMax },
    new ServerClient(recipes[kind], prepared.baseUrl, prepared.plan.apiKey),
    {
      lost: (reason) => lost.push(reason),
      gaveUp: (reason) => gaveUp.push(reason),
      reported: (load) => loads.push(load),
    },
    log,
    { ...FAST, ...times },
  );
  const complete = (fields: object = {}): Promise<Response> =>
    fetch(`${prepared.baseUrl}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${prepared.plan.apiKey}` },
      body: JSON.stringify({ model: 'served', messages: [{ role: 'user', content: 'Hello' }], ...fields }),
    });
  const supervised = { server, supervisor, lost, gaveUp, loads, logged: text, complete };
  started.push(supervised);
  supervisor.start();
  return supervised;
}

function ready({ supervisor }: Supervised): Promise<unknown> {
  return eventually('the server is ready', () => supervisor.state === 'ready', 30_000);
}

async function restarted({ supervisor, ...rest }: Supervised, restarts = 1): Promise<void> {
  await eventually('the server is restarted', () => supervisor.restarts >= restarts, 30_000);
  await ready({ supervisor, ...rest });
}

describe.each(Object.keys(recipes) as SupervisedKind[])('a supervised %s', (kind) => {
  it('starts with every setting, serves, and reports its load', async () => {
    const env: Record<string, string> = {
      XIM_CONTEXT_TOKENS: '4096',
      XIM_KV_CACHE_DTYPE: 'q8_0',
      ...(kind !== 'llama-server' && { XIM_GPU_MEMORY_UTILIZATION: '0.85', XIM_QUANTIZATION: 'fp8' }),
    };
    const supervised = await supervise({ tokenMs: 100 }, { kind, env });
    await ready(supervised);
    expect(supervised.supervisor.reason).toBeUndefined();
    const response = supervised.complete();
    await eventually('it reports a running request', () => supervised.supervisor.load?.running === 1);
    expect((await response).status).toBe(200);
    await eventually('it reports the tokens', () => supervised.loads.at(-1)?.totals.generationTokens === 8);
    expect(supervised.supervisor.load).toMatchObject({ running: 0, waiting: 0 });
  });

  it('is restarted when its process is killed, without its children', async () => {
    const supervised = await supervise({}, { kind });
    await ready(supervised);
    const [pid = 0, child = 0] = await supervised.server.pids();
    process.kill(pid, 'SIGKILL');
    await restarted(supervised);
    expect(supervised.lost[0]).toContain('SIGKILL; the kernel does that when memory is short');
    await allGone([pid, child]);
    expect((await supervised.complete()).status).toBe(200);
  });
});

describe('a server that fails', () => {
  it('by an exit after some requests is restarted, with its last lines in the log', async () => {
    const supervised = await supervise({ exitAfterRequests: 1 });
    await ready(supervised);
    expect((await supervised.complete()).status).toBe(200);
    await expect(supervised.complete()).rejects.toThrow();
    await restarted(supervised);
    // What it prints while it serves may contain prompts.
    expect(supervised.lost[0]).toBe('the server exited with code 1');
    expect(supervised.logged()).toContain('EngineCore encountered a fatal error');
  });

  it.each<[string, Behaviour]>([
    ['responds to nothing', { hang: true }],
    ['is unhealthy', { unhealthy: true }],
  ])('because it %s is unhealthy first, and restarted when that lasts', async (_, behaviour) => {
    const supervised = await supervise();
    await ready(supervised);
    await supervised.server.behave(behaviour);
    await eventually('it is unhealthy', () => supervised.supervisor.state === 'unhealthy');
    expect(supervised.lost).toEqual(['the server does not respond, or makes no progress']);
    await eventually('it is stopped', () => supervised.supervisor.restarts === 1, 30_000);
    await supervised.server.behave({});
    await restarted(supervised);
    expect(supervised.lost).toContain('the server hung: no progress for 1.5 s');
  });

  it('for a moment works again without a restart', async () => {
    const supervised = await supervise({}, { times: { hangMs: 20_000 } });
    await ready(supervised);
    await supervised.server.behave({ unhealthy: true });
    await eventually('it is unhealthy', () => supervised.supervisor.state === 'unhealthy', 15_000);
    await supervised.server.behave({});
    await ready(supervised);
    expect(supervised.supervisor.restarts).toBe(0);
  });

  it('because its requests make no progress, although it is healthy, is restarted', async () => {
    const supervised = await supervise({ stuck: true });
    await ready(supervised);
    const response = supervised.complete().catch(() => 'failed');
    await eventually('it is restarted', () => supervised.supervisor.restarts === 1, 30_000);
    await supervised.server.behave({});
    expect(await response).toBe('failed');
    await ready(supervised);
  });

  it('and ignores SIGTERM is killed', async () => {
    const supervised = await supervise({ ignoresSigterm: true });
    await ready(supervised);
    const pids = await supervised.server.pids();
    await supervised.supervisor.stop();
    await allGone(pids);
    expect(supervised.supervisor.state).toBe('stopped');
  });
});

describe('a server that does not start', () => {
  it.each([
    ['vllm', 'ValueError: No available memory for the cache blocks.'],
    ['sglang', 'torch.OutOfMemoryError: CUDA out of memory.'],
    ['llama-server', 'failed to allocate buffer for kv cache'],
  ] as const)('for lack of memory (%s) gives up with the line that says so', async (kind, line) => {
    const exitAtStart = { code: 1, lines: [line, 'Engine core initialization failed.'] };
    const { gaveUp, supervisor, logged } = await supervise({ exitAtStart }, { kind });
    await eventually('it gives up', () => gaveUp.length > 0, 30_000);
    expect(gaveUp).toEqual([`the server exited with code 1, memory is short: ${line} (3 failures in a row)`]);
    expect(supervisor.restarts).toBe(2);
    expect(logged()).toContain('server in a crash loop');
  });

  it('because of an option that it does not know gives up with its message', async () => {
    const { gaveUp } = await supervise({}, { env: { XIM_SERVER_ARGS: '["--no-such-option"]' } });
    await eventually('it gives up', () => gaveUp.length > 0, 30_000);
    expect(gaveUp[0]).toMatch(/exited with code 2: vllm: error: unrecognized arguments: .*--no-such-option/);
  });

  it('because its program does not exist gives up with its name', async () => {
    const { gaveUp } = await supervise({}, { env: { XIM_SERVER_PROGRAM: '/no/such/program' } });
    await eventually('it gives up', () => gaveUp.length > 0, 30_000);
    expect(gaveUp[0]).toContain('code 127: /no/such/program was not found');
  });

  it('in time is stopped', async () => {
    const { gaveUp } = await supervise({ startMs: 60_000 }, { failuresMax: 2, times: { startTimeoutMs: 500 } });
    await eventually('it gives up', () => gaveUp.length > 0, 30_000);
    expect(gaveUp[0]).toBe('the server was not ready after 0.5 s (2 failures in a row)');
  });

  it('is started again and again if it has been ready before', async () => {
    const supervised = await supervise({}, { failuresMax: 2 });
    await ready(supervised);
    await supervised.server.behave({ exitAtStart: { code: 1, lines: ['no'] } });
    process.kill((await supervised.server.pids())[0] as number, 'SIGKILL');
    await eventually(
      'it is in a crash loop',
      () => supervised.lost.some((text) => text.includes('3 failures')),
      30_000,
    );
    await supervised.server.behave({});
    await restarted(supervised, 3);
    expect(supervised.gaveUp).toEqual([]);
  });

  it('reports meanwhile what it does, and no secret', async () => {
    const { supervisor, logged } = await supervise({ startMs: 2_000 }, { times: { reminderMs: 100 } });
    await eventually('it says so', () => supervisor.reason?.includes('checkpoint shards: 50%'));
    expect(supervisor.state).toBe('starting');
    // The stand-in prints its key.
    await eventually('its output is logged', () => logged().includes('and the key'));
    expect(logged()).toContain('and the key [removed]');
  });
});

it('stops a server that is starting', async () => {
  const supervised = await supervise({ startMs: 60_000 });
  const pids = await eventually('it runs', () => supervised.server.pids().catch(() => undefined));
  await supervised.supervisor.stop();
  await allGone(pids);
});
