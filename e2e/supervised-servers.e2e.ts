/**
 * A worker that supervises its server, a stand-in for vLLM: the server is killed and hangs while requests run, and the worker is killed.
 * Requests are served by the server that is started next, or fail with an error that says so.
 */
import { projectRoot } from '@xerotier/dev';
import type { ServiceProcess } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AdditionalProcess, stopAdditionalProcesses } from './support/additional-process.ts';
import type { ChatBody, Completion, ErrorBody } from './support/api-client.ts';
import type { ObservedWorker } from './support/fleet-watch.ts';
import { testPlatform } from './support/test-platform.ts';

const TIMEOUT_MS = 60_000;
/** The tokens of a completion of the stand-in, the first of which is the cache salt. */
const COMPLETION = /^ [\w-]{32}( word\d){7}$/;

let behaviourFile: string;
let otherBehaviourFile: string;
let pidFile: string;

const test = testPlatform(async (folder) => {
  behaviourFile = join(folder, 'behaviour.json');
  otherBehaviourFile = join(folder, 'other-behaviour.json');
  pidFile = join(folder, 'pids.json');
  await writeFile(otherBehaviourFile, '{}');
  await behave({});
  return {
    models: [{ id: 'supervised', name: 'supervised', ownedBy: 'Xerotier.ai', contextTokens: 4_096 }],
    endpoints: [{ slug: 'chat', modelId: 'supervised', tier: 'self_hosted' }],
    workers: [
      {
        modelId: 'supervised',
        env: {
          XIM_ENGINE: 'vllm',
          XIM_MODEL_PATH: 'org/model',
          XIM_SERVER_PROGRAM: join(projectRoot, 'apps/xim/test/stand-in-vllm.mjs'),
          XIM_SLOTS: '8',
          // A hanging server is restarted after this time.
          XIM_UPSTREAM_TIMEOUT_SECONDS: '4',
          VLLM_STAND_IN: behaviourFile,
        },
      },
    ],
    env: { QUEUE_TIMEOUT_MS: '30000' },
  };
});

/** As described in apps/xim/test/stand-in.mjs. */
async function behave(behaviour: object): Promise<void> {
  await writeFile(`${behaviourFile}.new`, JSON.stringify({ ...behaviour, pidFile }));
  await rename(`${behaviourFile}.new`, behaviourFile);
}

async function serverPid(): Promise<number> {
  return (JSON.parse(await readFile(pidFile, 'utf8')) as { pid: number }).pid;
}

const worker = (): ServiceProcess => test.platform.service('xim');
const state = (): ObservedWorker | undefined =>
  test.fleet.workers.find(({ workerId }) => workerId === worker().facts['workerId']);
const body: ChatBody = { model: 'supervised', messages: [{ role: 'user', content: 'Hello' }] };

async function outcome(): Promise<string> {
  const { status, body: response } = await test.api.post(body);
  return status === 200
    ? ((response as Completion).choices[0]?.message.content ?? '')
    : ((response as ErrorBody).error.code ?? 'no code');
}

async function serves(): Promise<void> {
  await eventually('requests are served', async () => COMPLETION.test(await outcome()), TIMEOUT_MS);
}

afterEach(async () => {
  stopAdditionalProcesses();
  await behave({});
  await serves();
}, TIMEOUT_MS);

describe('a supervised server', () => {
  it('serves with the salt of the project, and reports its load', async () => {
    const first = await outcome();
    expect(first).toMatch(COMPLETION);
    expect(await outcome()).toBe(first);
    expect(first).not.toContain(test.description.projectId);
    // The first ones may still have a request.
    await eventually('the heartbeat has the load of an idle server', () => state()?.engineLoad?.running === 0);
    expect(state()).toMatchObject({ engine: 'vllm', engineLoad: { running: 0, waiting: 0, kvCacheUsage: 0 } });
    const metrics = await (await fetch(`${worker().healthUrl}/metrics`)).text();
    expect(metrics).toMatch(/xerotier_worker_server_tokens_total\{model_name="[^"]+",type="generation"\} \d+/);
  });

  it('that is killed in the middle of a stream ends it with an error, and is started again', async () => {
    await behave({ tokenMs: 300 });
    const before = await serverPid();
    const stream = await test.api.stream(body);
    await eventually('it has data', () => stream.text() !== '');
    process.kill(before, 'SIGKILL');
    expect(await stream.ended).not.toBe('done');
    expect(stream.error?.code).toBe('engine_error');
    await behave({});
    await serves();
    expect(await serverPid()).not.toBe(before);
  });

  it('that is killed before a request has data is waited for', async () => {
    await behave({ stuck: true });
    const before = await serverPid();
    const running = outcome();
    await test.fleet.busyWorker();
    await behave({});
    process.kill(before, 'SIGKILL');
    // One worker: the request waits for its server, or has failed on it.
    expect(await running).toMatch(/^(?:engine_unavailable|engine_error| [\w-]{32}( word\d){7})$/);
    await serves();
  });

  it('that is killed before requests have data fails none of them if there is another worker', async () => {
    const other = await AdditionalProcess.start(worker(), { VLLM_STAND_IN: otherBehaviourFile });
    await eventually(
      'the other worker is available',
      () =>
        test.fleet.workers.some(
          ({ workerId, available }) => workerId === other.facts['workerId'] && available === true,
        ),
      TIMEOUT_MS,
    );
    await behave({ stuck: true });
    const before = await serverPid();
    const running = Array.from({ length: 8 }, outcome);
    await eventually('its worker has some of the requests', () => (state()?.active.length ?? 0) > 0);
    process.kill(before, 'SIGKILL');
    for (const text of await Promise.all(running)) expect(text).toMatch(COMPLETION);
  });

  it('that hangs is unavailable, and started again', async () => {
    const before = await serverPid();
    await behave({ hang: true });
    await eventually('the heartbeat says so', () => state()?.available === false, TIMEOUT_MS);
    const running = outcome();
    await eventually('it was stopped', () => isGone(before), TIMEOUT_MS);
    await behave({});
    expect(await running).toMatch(/^(?:engine_unavailable|engine_error| [\w-]{32}( word\d){7})$/);
    await serves();
    expect(state()?.available).toBe(true);
  });

  it('that never starts ends its worker', async () => {
    const exitAtStart = { code: 1, lines: ['torch.OutOfMemoryError: CUDA out of memory.'] };
    await writeFile(otherBehaviourFile, JSON.stringify({ exitAtStart }));
    const env = { VLLM_STAND_IN: otherBehaviourFile, XIM_SERVER_FAILURES_MAX: '2' };
    // The worker may end before it has announced itself.
    const exit = await AdditionalProcess.start(worker(), env).then(
      async ({ exited }) => JSON.stringify(await exited),
      (error: Error) => error.message,
    );
    expect(exit).toContain('{"code":1,"signal":null}');
  });

  it('does not outlive a worker that is killed', async () => {
    const before = await serverPid();
    await worker().kill('SIGKILL');
    await eventually('the server is gone', () => isGone(before), TIMEOUT_MS);
    await worker().start();
    await serves();
    expect(await serverPid()).not.toBe(before);
  });
});

/** True also for a process that has ended and that nobody has waited for. */
async function isGone(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return status === undefined || /\) [ZX] /.test(status);
}
