/**
 * Degraded modes: each service and each server is killed with SIGKILL while streams run, and clients observe what the
 * degraded modes promise. A stream never just stops: it is complete and ends with `[DONE]`, or it ends with an error event.
 */
import { generateApiKey } from '@xerotier/api-keys';
import { scriptedPlatform } from '@xerotier/dev';
import type { ServiceProcess } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { numberedTokens, scripted } from './support/api-client.ts';
import type { ApiClient } from './support/api-client.ts';
import { contentOf, expectError } from './support/chat-checks.ts';
import type { EventStream } from './support/event-stream.ts';
import { stopAdditionalProcesses, AdditionalProcess } from './support/additional-process.ts';
import { dedicatedPlatform } from './support/test-platform.ts';

const TOKENS = 120;
const DELAY_MS = 20;
/** About 2.5 seconds: long enough to kill a process meanwhile. */
const paced = scripted({ tokens: TOKENS, delayMs: DELAY_MS }, { stream_options: { include_usage: true } });
const endless = scripted({ tokens: 8_000, delayMs: DELAY_MS });

const test = dedicatedPlatform(() => ({ ...scriptedPlatform({ workers: 2, slots: 4 }), gateways: 2 }));

const workers = (): ServiceProcess[] => ['xim', 'xim-2'].map((name) => test.platform.service(name));

const workerIdOf = (service: ServiceProcess): string => String(service.facts['workerId']);

function serviceOf(workerId: string): ServiceProcess {
  const service = workers().find((worker) => workerIdOf(worker) === workerId);
  if (service === undefined) throw new Error(`there is no worker with the id ${workerId}`);
  return service;
}

const workerOf = (stream: EventStream): ServiceProcess =>
  serviceOf(stream.headers.get('x-xerotier-worker-id') as string);

const secondGateway = (): ApiClient =>
  test.api.with({ baseUrl: `http://127.0.0.1:${test.platform.service('gateway-2').facts['port']}` });

/** Expects that the stream is complete if it ends with `[DONE]`, and that it ends with an error event otherwise. */
async function expectCompleteOrError(stream: EventStream): Promise<'done' | 'error'> {
  const ending = await stream.ended;
  expect(['done', 'error']).toContain(ending);
  if (ending === 'done') {
    expect(stream.text()).toBe(numberedTokens(TOKENS));
    expect(stream.finishReasons()).toEqual(['stop']);
  } else {
    expect(numberedTokens(TOKENS).startsWith(stream.text())).toBe(true);
    expect(stream.error?.type).toBe('stream_error');
  }
  return ending as 'done' | 'error';
}

/** Restarts everything that a test has killed or frozen, and waits until it serves requests. */
async function restore(): Promise<void> {
  stopAdditionalProcesses();
  for (const server of Object.values(test.platform.servers.started)) {
    if (server.pid === null) await server.restart();
  }
  for (const service of test.platform.services) {
    if (service.pid === null) await service.start();
    else process.kill(service.pid, 'SIGCONT');
  }
  await test.fleet.onlyWorkers(workers().map(workerIdOf));
  for (const api of [test.api, secondGateway()]) {
    await eventually('the platform serves again', () => api.chat(scripted({ tokens: 1 })), 20_000);
  }
}

afterEach(restore, 60_000);

describe('killed worker', () => {
  it('is replaced by another one before the first token, unnoticed by the client', async () => {
    const body = scripted({ tokens: 5, prefillMs: 2_000 });
    const responses = [test.api.stream(body), test.api.chat(body)] as const;
    const busy = await test.fleet.busyWorker();
    await serviceOf(busy.workerId).kill('SIGKILL');
    const [stream, whole] = await Promise.all(responses);
    expect(await stream.ended).toBe('done');
    expect(stream.text()).toBe(numberedTokens(5));
    expect(contentOf(whole)).toBe(numberedTokens(5));
    expect(stream.headers.get('x-xerotier-worker-id')).not.toBe(busy.workerId);
    expect(whole.headers.get('x-xerotier-worker-id')).not.toBe(busy.workerId);
  });

  it('ends a started stream with an error event, never with [DONE]', async () => {
    const stream = await test.api.stream(endless);
    await stream.textChunks(5);
    await workerOf(stream).kill('SIGKILL');
    expect(await stream.ended).toBe('error');
    expect(stream.error).toMatchObject({ type: 'stream_error', code: 'stream_interrupted' });
    expect(stream.finishReasons()).toEqual([]);
  });

  it('is replaced during a non-streamed completion, of which nothing was sent yet', async () => {
    const response = test.api.chat(scripted({ tokens: 100, delayMs: DELAY_MS }));
    const busy = await test.fleet.busyWorker();
    await serviceOf(busy.workerId).kill('SIGKILL');
    expect(contentOf(await response)).toBe(numberedTokens(100));
  });

  it('receives no more requests, and the other worker serves them', async () => {
    const [dead, alive] = workers() as [ServiceProcess, ServiceProcess];
    await dead.kill('SIGKILL');
    const responses = await Promise.all(Array.from({ length: 12 }, () => test.api.chat(scripted({ tokens: 2 }))));
    const served = responses.map(({ headers }) => headers.get('x-xerotier-worker-id'));
    expect(new Set(served)).toEqual(new Set([workerIdOf(alive)]));
  });

  it('is replaced at most twice when the request itself kills workers, and the request fails', async () => {
    const spare = workers()[0] as ServiceProcess;
    const more = await Promise.all([AdditionalProcess.start(spare), AdditionalProcess.start(spare)]);
    await test.fleet.onlyWorkers([...workers().map(workerIdOf), ...more.map(({ facts }) => String(facts['workerId']))]);
    const response = await test.api.rejected(scripted({ exitAfter: 0 }));
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(contentOf(await test.api.chat(scripted({ tokens: 2 })))).toBe(numberedTokens(2));
  });
});

describe('stopped worker', () => {
  it('finishes its streams, accepts no new requests, and exits with code 0', async () => {
    await Promise.all(workers().map((worker) => worker.kill('SIGKILL')));
    const draining = await AdditionalProcess.start(workers()[0] as ServiceProcess);
    const stream = await eventually('the new worker is available', () => test.api.stream(paced));
    await stream.textChunks(3);
    await (workers()[1] as ServiceProcess).start();
    draining.signal('SIGTERM');
    await eventually('its heartbeat says draining', () => test.fleet.workers.some((worker) => worker.draining));
    const others = await Promise.all(Array.from({ length: 4 }, () => test.api.chat(scripted({ tokens: 2 }))));
    expect(others.map(({ headers }) => headers.get('x-xerotier-worker-id'))).not.toContain(draining.facts['workerId']);
    expect(await stream.ended).toBe('done');
    expect(stream.text()).toBe(numberedTokens(TOKENS));
    expect(stream.headers.get('x-xerotier-worker-id')).toBe(draining.facts['workerId']);
    expect(await draining.exited).toEqual({ code: 0, signal: null });
  });

  it('ends its streams with an error event after the grace period, and exits with code 0', async () => {
    await Promise.all(workers().map((worker) => worker.kill('SIGKILL')));
    const draining = await AdditionalProcess.start(workers()[0] as ServiceProcess, { SHUTDOWN_GRACE_MS: '3000' });
    const stream = await eventually('the new worker is available', () => test.api.stream(endless));
    await stream.textChunks(3);
    draining.signal('SIGTERM');
    expect(await stream.ended).toBe('error');
    expect(stream.error?.type).toBe('stream_error');
    expect(await draining.exited).toEqual({ code: 0, signal: null });
  });
});

describe('unavailable router', () => {
  it('affects neither running streams nor new requests when it is killed', async () => {
    const running = await test.api.stream(paced);
    await running.textChunks(3);
    await test.platform.service('router').kill('SIGKILL');
    const stream = await test.api.stream(scripted({ tokens: 5 }));
    expect(await stream.ended).toBe('done');
    expect(contentOf(await test.api.chat(scripted({ tokens: 5 })))).toBe(numberedTokens(5));
    expect(await running.ended).toBe('done');
    expect(running.text()).toBe(numberedTokens(TOKENS));
  });

  it('only delays requests when it is frozen', async () => {
    await test.platform.service('router').kill('SIGSTOP');
    expect(contentOf(await test.api.chat(scripted({ tokens: 5 })))).toBe(numberedTokens(5));
  });

  it('lets as many requests run as there are slots, and the others when a slot becomes free', async () => {
    await test.platform.service('router').kill('SIGKILL');
    const responses = await Promise.all(
      Array.from({ length: 24 }, () => test.api.chat(scripted({ tokens: 10, delayMs: 10 }))),
    );
    expect(responses.every((response) => contentOf(response) === numberedTokens(10))).toBe(true);
  });

  it('places requests again after a restart', async () => {
    await test.platform.service('router').kill('SIGKILL');
    await test.api.chat(scripted({ tokens: 1 }));
    await test.platform.service('router').start();
    await eventually('requests get leases again', async () => {
      const stream = await test.api.stream(endless);
      const { active } = await test.fleet.busyWorker();
      stream.abort();
      return active.every((id) => id !== stream.requestId);
    });
  });
});

describe('killed auth service', () => {
  it('does not affect recently used API keys, and others get a 503 within seconds', async () => {
    await test.api.chat(scripted({ tokens: 1 }));
    await test.platform.service('auth').kill('SIGKILL');
    expect(contentOf(await test.api.chat(scripted({ tokens: 2 })))).toBe(numberedTokens(2));
    expect(await (await test.api.stream(scripted({ tokens: 2 }))).ended).toBe('done');
    const signal = AbortSignal.timeout(5_000);
    const unknown = await test.api.rejected(scripted({ tokens: 1 }), { key: generateApiKey('demo'), signal });
    expectError(unknown, 503, 'auth_unavailable', null);
    expect(unknown.body.error).toMatchObject({ type: 'service_unavailable', retry_after: expect.any(Number) });
    expect(unknown.headers.get('retry-after')).toMatch(/^\d+$/);
    // A malformed key is rejected without the auth service.
    expectError(await test.api.rejected(scripted({}), { key: 'sk-nonsense' }), 401, 'invalid_api_key', null);
  });

  it('authenticates all API keys again after a restart', async () => {
    await test.platform.service('auth').kill('SIGKILL');
    await test.platform.service('auth').start();
    const unknown = await test.api.rejected(scripted({ tokens: 1 }), { key: generateApiKey('demo') });
    expectError(unknown, 401, 'invalid_api_key', null);
  });
});

describe('killed NATS server', () => {
  const nats = (): NonNullable<(typeof test.platform.servers.started)['nats']> =>
    test.platform.servers.started.nats as never;

  it('never truncates streams silently, and all services reconnect', async () => {
    const streams = await Promise.all([test.api.stream(paced), secondGateway().stream(paced)]);
    await Promise.all(streams.map((stream) => stream.textChunks(3)));
    await nats().kill('SIGKILL');
    await nats().restart();
    await Promise.all(streams.map(expectCompleteOrError));
    for (const api of [test.api, secondGateway()]) {
      await eventually('requests are served again', () => api.chat(scripted({ tokens: 2 })), 15_000);
    }
    expect(test.platform.services.filter(({ pid }) => pid === null)).toEqual([]);
  });

  it('ends streams and requests with an error when it is not restarted', async () => {
    const stream = await test.api.stream(endless);
    await stream.textChunks(3);
    await nats().kill('SIGKILL');
    const rejected = await test.api.rejected(scripted({ tokens: 1 }), { signal: AbortSignal.timeout(15_000) });
    expectError(rejected, 503, 'service_unavailable', null);
    expect(await stream.ended).toBe('error');
    expect(stream.error?.type).toBe('stream_error');
  });
});

describe('killed PostgreSQL server', () => {
  it('affects neither streams nor recently used API keys', async () => {
    const stream = await test.api.stream(paced);
    await stream.textChunks(3);
    await test.platform.servers.started.postgres?.kill('SIGKILL');
    expect(contentOf(await test.api.chat(scripted({ tokens: 2 })))).toBe(numberedTokens(2));
    const unknown = await test.api.rejected(scripted({}), {
      key: generateApiKey('demo'),
      signal: AbortSignal.timeout(15_000),
    });
    expectError(unknown, 503, 'auth_unavailable', null);
    await test.platform.servers.started.postgres?.restart();
    expect(await expectCompleteOrError(stream)).toBe('done');
    await eventually('API keys are looked up again', async () => {
      const response = await test.api.rejected(scripted({}), { key: generateApiKey('demo') });
      return response.status === 401;
    });
    expect(test.platform.services.filter(({ pid }) => pid === null)).toEqual([]);
  });
});

describe('killed Redis server', () => {
  it('affects no request, also when it restarts empty', async () => {
    const stream = await test.api.stream(paced);
    await stream.textChunks(3);
    await test.platform.servers.started.redis?.kill('SIGKILL');
    expect(contentOf(await test.api.chat(scripted({ tokens: 2 })))).toBe(numberedTokens(2));
    await test.platform.servers.started.redis?.restart();
    expect(await expectCompleteOrError(stream)).toBe('done');
    expect(contentOf(await test.api.chat(scripted({ tokens: 2 })))).toBe(numberedTokens(2));
  });
});

describe('killed gateway', () => {
  it('does not affect the other gateway, and workers stop its generations', async () => {
    const lost = await test.api.stream(endless);
    const kept = await secondGateway().stream(paced);
    await Promise.all([lost.textChunks(3), kept.textChunks(3)]);
    await test.platform.service('gateway').kill('SIGKILL');
    expect(await lost.ended).toBe('disconnected');
    expect(contentOf(await secondGateway().chat(scripted({ tokens: 2 })))).toBe(numberedTokens(2));
    expect(await kept.ended).toBe('done');
    const freeAfterMs = await test.fleet.allIdle(8_000);
    process.stdout.write(
      `all slots were free ${freeAfterMs.toFixed(0)} ms after the last stream of a living gateway\n`,
    );
  });
});

describe('stopped gateway', () => {
  const start = async (env: Record<string, string> = {}): Promise<[AdditionalProcess, ApiClient]> => {
    const gateway = await AdditionalProcess.start(test.platform.service('gateway'), { HTTP_PORT: '0', ...env });
    return [gateway, test.api.with({ baseUrl: `http://127.0.0.1:${gateway.facts['port']}` })];
  };

  it('finishes open responses, accepts no new connections, and exits with code 0', async () => {
    const [gateway, api] = await start();
    const stream = await api.stream(paced);
    const whole = api.chat(scripted({ tokens: 50, delayMs: DELAY_MS }));
    await stream.textChunks(3);
    gateway.signal('SIGTERM');
    await eventually('it accepts no connections', () =>
      api.chat(scripted({})).then(
        () => false,
        () => true,
      ),
    );
    expect(await stream.ended).toBe('done');
    expect(stream.text()).toBe(numberedTokens(TOKENS));
    expect(contentOf(await whole)).toBe(numberedTokens(50));
    expect(await gateway.exited).toEqual({ code: 0, signal: null });
  });

  it('ends open streams with an error event after the grace period, and exits with code 0', async () => {
    const [gateway, api] = await start({ SHUTDOWN_GRACE_MS: '3000' });
    const stream = await api.stream(endless);
    await stream.textChunks(3);
    gateway.signal('SIGTERM');
    expect(await stream.ended).toBe('error');
    expect(stream.error?.type).toBe('stream_error');
    expect(await gateway.exited).toEqual({ code: 0, signal: null });
    await test.fleet.allIdle();
  });
});

describe('disconnected client', () => {
  it('stops the engine and frees the slot', async () => {
    const stream = await test.api.stream(endless);
    await stream.textChunks(3);
    const abortedAt = performance.now();
    stream.abort();
    const { usage, receivedAt, outcome } = await test.fleet.usageOf(stream.requestId);
    process.stdout.write(
      `the worker had stopped ${(receivedAt - abortedAt).toFixed(1)} ms after the client disconnected\n`,
    );
    expect(outcome).toBe('cancelled');
    expect(usage.completionTokens).toBeLessThan(500);
    await test.fleet.allIdle();
  });

  it('stops the engine before the first token', async () => {
    const abort = new AbortController();
    const response = test.api.chat(scripted({ tokens: 5, prefillMs: 60_000 }), { signal: abort.signal });
    const outcome = response.catch((error: Error) => error.name);
    await test.fleet.busyWorker();
    abort.abort();
    expect(await outcome).toBe('AbortError');
    await test.fleet.allIdle();
  });

  it('stops all choices', async () => {
    const stream = await test.api.stream({ ...endless, n: 6 });
    await stream.textChunks(12);
    stream.abort();
    await test.fleet.allIdle();
    expect((await test.fleet.usageOf(stream.requestId)).outcome).toBe('cancelled');
  });
});
