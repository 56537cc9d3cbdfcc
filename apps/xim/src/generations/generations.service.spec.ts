import { emptyUsage } from '@xerotier/contracts/inference';
import type { GenerationInput } from '@xerotier/contracts/xim';
import { AppError } from '@xerotier/errors';
import { silentLog } from '@xerotier/log/testing';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { contentChunk, headEvent } from '../engines/chunk-events.ts';
import type { Choice, EngineJob } from '../engines/engine.ts';
import { aChatRequest } from '../engines/testing/jobs.ts';
import type { ReportedHealth } from '../health/engine-health.ts';
import { alwaysHealthy } from '../health/testing/always-healthy.ts';
import type { GenerationResult, ReportedWork } from '../usage/usage-reports.ts';
import { GenerationsService } from './generations.service.ts';
import { RecordingCaller } from './testing/recording-caller.ts';
import { anEngine, newService, saysHello, talksUntilAborted, USAGE } from './testing/scripted-generations.ts';
import type { Script } from './testing/scripted-generations.ts';

let requests = 0;

function anInput(
  overrides: Partial<GenerationInput> = {},
  chat: Record<string, unknown> = { stream: true },
): GenerationInput {
  requests += 1;
  return {
    requestId: `req_${requests}`,
    leaseId: `lease_${requests}`,
    projectId: 'proj_1',
    priority: 'interactive',
    choiceIndex: 0,
    chat: aChatRequest(chat),
    ...overrides,
  };
}

async function failureOf(promise: Promise<unknown>): Promise<AppError> {
  return promise.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => error as AppError,
  );
}

describe('run', () => {
  it('sends the head of a streamed generation, then each chunk, and ends with the usage', async () => {
    const caller = new RecordingCaller();
    const end = await newService(saysHello).run(anInput({ choiceIndex: 3 }), caller);
    expect(caller.heads).toEqual([{ workerId: 'w1', systemFingerprint: 'fp_1', maxTokensClampedFrom: 4_096 }]);
    expect(caller.frames).toMatchObject([
      [{ index: 3, delta: { role: 'assistant' } }],
      [{ index: 3, delta: { content: 'hel' } }],
      [{ index: 3, delta: { content: 'lo' } }],
      [{ index: 3, delta: {}, finish_reason: 'stop' }],
    ]);
    expect(end).toEqual({ usage: USAGE, cancelled: false });
  });

  it.each([{ stream: false }, {}])('joins the chunks of a generation that is not streamed (%j)', async (chat) => {
    const caller = new RecordingCaller();
    const end = await newService(saysHello).run(anInput({ choiceIndex: 1 }, chat), caller);
    expect(caller.frames).toMatchObject([
      [{ index: 1, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }],
    ]);
    expect(end.cancelled).toBe(false);
  });

  it('passes on a whole choice of the engine unchanged', async () => {
    const choice: Choice = {
      index: 0,
      message: { role: 'assistant', content: null, refusal: null, tool_calls: [{ id: 'call_1' }] },
      finish_reason: 'tool_calls',
      logprobs: null,
      extra: 1,
    };
    const caller = new RecordingCaller();
    const whole: Script = async function* () {
      yield headEvent();
      yield { type: 'response', choices: [choice] };
      return USAGE;
    };
    await newService(whole).run(anInput({}, {}), caller);
    expect(caller.frames).toEqual([[choice]]);
  });

  it('passes the request, the choice index and the salt of the project to the engine', async () => {
    const jobs: EngineJob[] = [];
    const service = newService((job, signal) => (jobs.push(job), saysHello(job, signal)));
    const input = anInput({ choiceIndex: 2, projectId: 'proj_9' });
    await service.run(input, new RecordingCaller());
    expect(jobs).toEqual([{ request: input.chat, choiceIndex: 2, cacheSalt: 'proj_9' }]);
  });

  it('does not pull the engine while the caller is paused', async () => {
    const pulled: string[] = [];
    const counting: Script = async function* () {
      yield headEvent();
      for (const text of ['a', 'b', 'c']) {
        pulled.push(text);
        yield contentChunk(0, text);
      }
      return USAGE;
    };
    const caller = new RecordingCaller();
    caller.hold();
    const running = newService(counting).run(anInput(), caller);
    for (let i = 0; i < 20; i += 1) await nextTurn();
    expect(pulled).toEqual([]);
    const { release } = caller;
    caller.paused = () => undefined;
    release();
    await running;
    expect(pulled).toEqual(['a', 'b', 'c']);
  });

  it('rejects with the error of the engine', async () => {
    const failing: Script = async function* () {
      yield headEvent();
      throw new AppError('inference.engine_failed', { usage: USAGE });
    };
    const error = await failureOf(newService(failing).run(anInput(), new RecordingCaller()));
    expect(error).toMatchObject({ code: 'inference.engine_failed', details: { usage: USAGE } });
  });

  it('stops the engine when a frame cannot be written', async () => {
    let stopped = false;
    const watched: Script = async function* (job, signal) {
      try {
        return yield* talksUntilAborted(job, signal);
      } finally {
        stopped = true;
      }
    };
    const caller = new RecordingCaller();
    caller.data = () => {
      throw new Error('no connection');
    };
    const service = newService(watched);
    expect((await failureOf(service.run(anInput(), caller))).message).toBe('no connection');
    expect(stopped).toBe(true);
    expect(service.active()).toEqual([]);
  });
});

describe('slots', () => {
  it('are never exceeded, and are released when a generation ends', async () => {
    const service = newService(talksUntilAborted);
    const callers = [new RecordingCaller(), new RecordingCaller()];
    const running = callers.map((caller) => service.run(anInput(), caller));
    expect((await failureOf(service.run(anInput(), new RecordingCaller()))).code).toBe('worker.busy');
    callers[0]?.abort(new AppError('inference.cancelled'));
    await running[0];
    const third = new RecordingCaller();
    const last = service.run(anInput(), third);
    await third.received(1);
    for (const caller of [...callers, third]) caller.abort(new AppError('inference.cancelled'));
    await Promise.all([...running, last]);
    expect(service.active()).toEqual([]);
  });

  it('are released after a failure', async () => {
    const service = newService(() => {
      throw new AppError('inference.engine_failed');
    });
    for (let i = 0; i < 5; i += 1)
      expect((await failureOf(service.run(anInput(), new RecordingCaller()))).code).toBe('inference.engine_failed');
    expect(service.active()).toEqual([]);
  });

  it('are listed by lease id, or by distinct ids without a lease', async () => {
    const service = newService(talksUntilAborted, { slots: 4 });
    const caller = new RecordingCaller();
    const inputs = [
      anInput({ leaseId: 'lease_x' }),
      anInput({ requestId: 'req_y', leaseId: undefined }),
      anInput({ requestId: 'req_y', leaseId: undefined, choiceIndex: 1 }),
    ];
    const running = inputs.map((input) => service.run(input, caller));
    expect(service.active()).toContain('lease_x');
    expect(service.active()).toContain('req_y');
    expect(new Set(service.active()).size).toBe(3);
    caller.abort(new AppError('inference.cancelled'));
    await Promise.all(running);
  });
});

describe('a cancelled generation', () => {
  it.each(['inference.cancelled', 'inference.deadline_exceeded'] as const)(
    'ends with its usage after %s',
    async (code) => {
      const caller = new RecordingCaller();
      const running = newService(talksUntilAborted).run(anInput(), caller);
      await caller.received(5);
      caller.abort(new AppError(code));
      const { usage, cancelled } = await running;
      expect(cancelled).toBe(true);
      expect(usage.completionTokens).toBe(caller.frames.length);
    },
  );

  it('fails with its usage when the caller is lost', async () => {
    const caller = new RecordingCaller();
    const running = newService(talksUntilAborted).run(anInput(), caller);
    await caller.received(5);
    caller.abort(new AppError('bus.peer_lost'));
    const completionTokens = caller.frames.length;
    await expect(running).rejects.toMatchObject({ code: 'bus.peer_lost', details: { usage: { completionTokens } } });
  });

  it('ends while its caller is paused', async () => {
    const caller = new RecordingCaller();
    caller.hold();
    const running = newService(talksUntilAborted).run(anInput(), caller);
    await nextTurn();
    caller.abort(new AppError('inference.cancelled'));
    expect((await running).cancelled).toBe(true);
  });

  it('sends no data when it was not streamed', async () => {
    const caller = new RecordingCaller();
    const running = newService(talksUntilAborted).run(anInput({}, {}), caller);
    await nextTurn();
    caller.abort(new AppError('inference.cancelled'));
    expect((await running).cancelled).toBe(true);
    expect(caller.frames).toEqual([]);
  });
});

describe('drain', () => {
  const never = new AbortController().signal;

  it('rejects new work and waits for running work', async () => {
    const service = newService(talksUntilAborted);
    const caller = new RecordingCaller();
    const running = service.run(anInput(), caller);
    let drained = false;
    const draining = service.drain(never).then(() => (drained = true));
    expect(service.draining).toBe(true);
    expect((await failureOf(service.run(anInput(), new RecordingCaller()))).code).toBe('worker.draining');
    await nextTurn();
    expect(drained).toBe(false);
    caller.abort(new AppError('inference.cancelled'));
    expect((await running).cancelled).toBe(true);
    await draining;
  });

  it('resolves immediately when the worker is idle', async () => {
    await newService(talksUntilAborted).drain(never);
  });

  it.each([
    ['when its signal is aborted', false],
    ['when its signal was aborted before', true],
  ])('aborts running work with worker.draining and its usage %s', async (_, before) => {
    const service = newService(talksUntilAborted);
    const callers = [new RecordingCaller(), new RecordingCaller()];
    const running = callers.map((caller) => failureOf(service.run(anInput(), caller)));
    await Promise.all(callers.map((caller) => caller.received(2)));
    const cut = new AbortController();
    if (before) cut.abort();
    const drained = service.drain(cut.signal);
    cut.abort();
    for (const [at, failure] of (await Promise.all(running)).entries()) {
      expect(failure.code).toBe('worker.draining');
      expect(failure.details['usage']).toMatchObject({ completionTokens: callers[at]?.frames.length });
    }
    await drained;
  });
});

describe('an unsupported parameter', () => {
  it('is rejected by name before anything runs', async () => {
    const service = newService(() => {
      throw new Error('the engine was called');
    });
    const caller = new RecordingCaller();
    expect(await failureOf(service.run(anInput({}, { seed: 1 }), caller))).toMatchObject({
      code: 'request.unsupported_parameter',
      param: 'seed',
    });
    expect(caller.heads).toEqual([]);
    expect(service.active()).toEqual([]);
  });
});

describe('engine health', () => {
  /** Records the calls to the health. */
  function watchedHealth(overrides: Partial<ReportedHealth> = {}): { health: ReportedHealth; received: string[] } {
    const received: string[] = [];
    const health: ReportedHealth = {
      ...alwaysHealthy,
      begin: () => {
        received.push('begin');
        return () => received.push('end');
      },
      progressed: () => received.push('data'),
      succeeded: () => received.push('success'),
      failed: ({ code }) => received.push(code),
      ...overrides,
    };
    return { health, received };
  }

  const throws = (error: Error): Script =>
    async function* () {
      yield headEvent();
      throw error;
    };

  it('receives data and success', async () => {
    const { health, received } = watchedHealth();
    await newService(saysHello, {}, health).run(anInput(), new RecordingCaller());
    expect(received).toEqual(['begin', 'data', 'data', 'data', 'data', 'success', 'end']);
  });

  it('receives failures of the engine', async () => {
    for (const code of ['inference.engine_failed', 'inference.engine_unavailable'] as const) {
      const { health, received } = watchedHealth();
      await expect(
        newService(throws(new AppError(code)), {}, health).run(anInput(), new RecordingCaller()),
      ).rejects.toThrow();
      expect(received).toEqual(['begin', code, 'end']);
    }
    const { health, received } = watchedHealth();
    const busy = new AppError('worker.busy', {}, { cause: new Error('The upstream responded with 429') });
    await expect(newService(throws(busy), {}, health).run(anInput(), new RecordingCaller())).rejects.toThrow();
    expect(received).toEqual(['begin', 'worker.busy', 'end']);
  });

  it('receives no failure when the request is at fault, the caller cancels, or the worker has no slot', async () => {
    const { health, received } = watchedHealth();
    const rejected = throws(new AppError('inference.upstream_rejected', { reason: 'no' }));
    await expect(newService(rejected, {}, health).run(anInput(), new RecordingCaller())).rejects.toThrow();
    const output = new RecordingCaller();
    const cancelled = newService(talksUntilAborted, {}, health).run(anInput(), output);
    await nextTurn();
    output.abort(new AppError('inference.cancelled'));
    await cancelled;
    const full = newService(saysHello, { slots: 0 }, health);
    await expect(full.run(anInput(), new RecordingCaller())).rejects.toMatchObject({ code: 'worker.busy' });
    expect(received.filter((event) => event !== 'data')).toEqual(['begin', 'end', 'begin', 'end']);
  });

  it('rejects work while the engine is unavailable', async () => {
    const { health, received } = watchedHealth({ available: false });
    await expect(newService(saysHello, {}, health).run(anInput(), new RecordingCaller())).rejects.toMatchObject({
      code: 'inference.engine_unavailable',
    });
    expect(received).toEqual([]);
  });

  it('logs a failure once, with its cause and without the prompt', async () => {
    const lines: unknown[] = [];
    const log = { ...silentLog(), warn: (message: string, fields?: object) => void lines.push([message, fields]) };
    const cause = new Error('The upstream responded with 500: CUDA out of memory');
    const failure = new AppError('inference.engine_failed', { upstreamStatus: 500 }, { cause });
    const service = newService(throws(failure), {}, alwaysHealthy, log);
    await expect(service.run(anInput(), new RecordingCaller())).rejects.toThrow();
    expect(lines).toEqual([
      [
        'generation failed',
        { workerId: 'w1', code: 'inference.engine_failed', upstreamStatus: 500, reason: cause.message },
      ],
    ]);
  });

  /** Returns the logged reason of a generation that fails with this cause. */
  async function reasonLogged(cause: string, content: string): Promise<unknown> {
    const lines: { reason?: unknown }[] = [];
    const log = { ...silentLog(), warn: (_message: string, fields?: object) => void lines.push(fields ?? {}) };
    const failure = new AppError('inference.engine_failed', {}, { cause: new Error(cause) });
    const input = anInput({}, { stream: true, messages: [{ role: 'user', content }] });
    await expect(
      newService(throws(failure), {}, alwaysHealthy, log).run(input, new RecordingCaller()),
    ).rejects.toThrow();
    expect(lines).toHaveLength(1);
    return lines[0]?.reason;
  }

  it.each([
    ['verbatim', 'my account number is 4711', 'cannot parse "account number is" …'],
    ['with JSON escapes', 'Größe und Höhe', String.raw`bad: {"content":"Gr\u00f6\u00dfe und H\u00f6he"}`],
    ['with Python escapes', 'Größe und Höhe', String.raw`bad: 'Gr\xf6\xdfe und H\xf6he'`],
    ['with different white space', 'one\n  two\tthree four', String.raw`"one\n two three four"`],
    ['as a single word', '4711', 'cannot parse 4711'],
  ])('withholds the reason when it repeats the prompt %s', async (_, content, reason) => {
    expect(await reasonLogged(reason, content)).toBe('[withheld: it repeats the request]');
  });

  it('withholds the reason when the request is too long to compare it with', async () => {
    const long = 'x'.repeat(200_001);
    expect(await reasonLogged('CUDA out of memory', long)).toContain('withheld: the request is too long');
  });
});

describe('usage reports', () => {
  function newReportingService(script: Script): { service: GenerationsService; reported: unknown[] } {
    const reported: unknown[] = [];
    const reports = {
      ended: ({ requestId, choiceIndex, attempt, accounting }: ReportedWork, result: GenerationResult) =>
        void reported.push({ requestId, choiceIndex, attempt, accounting, ...result }),
    };
    const identity = { workerId: 'w1', modelId: 'm1' };
    return {
      service: new GenerationsService(anEngine(script), alwaysHealthy, identity, silentLog(), reports),
      reported,
    };
  }

  const work = { requestId: 'req_r', choiceIndex: 1, attempt: 2, accounting: 'sealed.facts' };

  it('have the usage of a completed generation', async () => {
    const { service, reported } = newReportingService(saysHello);
    await service.run(anInput(work), new RecordingCaller());
    expect(reported).toEqual([{ ...work, usage: USAGE, outcome: 'completed', callerLost: false, begun: true }]);
  });

  it.each([
    ['inference.cancelled', 'cancelled', false],
    ['inference.deadline_exceeded', 'failed', false],
    ['worker.draining', 'failed', false],
    ['bus.peer_lost', 'failed', true],
  ] as const)('have what was generated until %s', async (code, outcome, callerLost) => {
    const { service, reported } = newReportingService(talksUntilAborted);
    const caller = new RecordingCaller();
    const ended = service.run(anInput(work), caller).catch(() => undefined);
    await caller.received(5);
    caller.abort(new AppError(code));
    await ended;
    const usage = { ...emptyUsage(), promptTokens: 3, completionTokens: caller.frames.length };
    expect(reported).toEqual([{ ...work, usage, outcome, callerLost, begun: true }]);
  });

  it('say that a whole response was not sent before its end', async () => {
    const { service, reported } = newReportingService(talksUntilAborted);
    const caller = new RecordingCaller();
    const ended = service.run(anInput(work, {}), caller).catch(() => undefined);
    await nextTurn();
    await nextTurn();
    caller.abort(new AppError('bus.peer_lost'));
    await ended;
    expect(reported).toMatchObject([{ callerLost: true, begun: false, usage: { promptTokens: 3 } }]);
  });

  it('have the usage of a failed generation if the engine reports it', async () => {
    const { service, reported } = newReportingService(async function* () {
      yield headEvent();
      throw new AppError('inference.engine_failed', { usage: USAGE });
    });
    await failureOf(service.run(anInput(work), new RecordingCaller()));
    expect(reported).toEqual([{ ...work, usage: USAGE, outcome: 'failed', callerLost: false, begun: false }]);
  });

  it('have no usage if the engine reports none', async () => {
    const { service, reported } = newReportingService(async function* () {
      yield headEvent();
      throw new AppError('inference.engine_failed');
    });
    await failureOf(service.run(anInput(work), new RecordingCaller()));
    expect(reported).toEqual([{ ...work, outcome: 'failed', callerLost: false, begun: false }]);
  });

  it('are not sent for work that was rejected', async () => {
    const { service, reported } = newReportingService(saysHello);
    await service.drain(AbortSignal.abort());
    expect(await failureOf(service.run(anInput(work), new RecordingCaller()))).toMatchObject({
      code: 'worker.draining',
    });
    expect(reported).toEqual([]);
  });
});

describe('abortPending', () => {
  it('aborts work that waits for its first data, and keeps work that has begun', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const waits: Script = async function* ({ request }, signal) {
      yield headEvent();
      if (request.messages.length > 1) yield contentChunk(0, 'x');
      const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve));
      await Promise.race([held, aborted]);
      return USAGE;
    };
    const service = newService(waits);
    const user = { role: 'user', content: 'Hello' };
    const begun = service.run(anInput({}, { stream: true, messages: [user, user] }), new RecordingCaller());
    const waiting = service.run(anInput(), new RecordingCaller());
    await nextTurn();
    service.abortPending();
    await expect(waiting).rejects.toMatchObject({ code: 'inference.engine_unavailable', details: {} });
    release();
    await expect(begun).resolves.toMatchObject({ cancelled: false });
  });
});
