/** Conformance tests of the chat engines (see `engine.ts`): the same requests for all of them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '@xerotier/errors';
import { healthProbes } from '../health/health-probes.ts';
import { createEngine } from './create-engine.ts';
import { engineConfig } from './engine-config.ts';
import { engineFor } from './engine-tasks.ts';
import type { ChunkChoice, Engine } from './engine.ts';
import { ScriptedEngine } from './scripted/scripted.engine.ts';
import { beginStream, FakeUpstream, json, sse, usageChunk } from './testing/fake-upstream.ts';
import type { Responder } from './testing/fake-upstream.ts';
import { aChatRequest, aJob, choicesOf, contentOf, run } from './testing/jobs.ts';
import { writeTinyModelFile } from './testing/tiny-model-file.ts';

const NEVER = new AbortController().signal;

const CONTEXT_TOKENS = 1_024;
const SLOTS = 3;
/** Only the scripted engine interprets the directive. */
const LONG_REPLY = {
  messages: [{ role: 'user', content: 'Go [[script {"tokens":300}]]' }],
  temperature: 0,
  stream: true,
};

/** An upstream server that responds with the output of the scripted engine. */
function scriptedUpstream(): Responder {
  const engine = new ScriptedEngine({ slots: 100, contextTokens: CONTEXT_TOKENS });
  return async (response, { body }) => {
    const stopped = new AbortController();
    response.once('close', () => stopped.abort());
    try {
      const job = { request: aChatRequest({ ...body, stream_options: undefined }), choiceIndex: 0, cacheSalt: '' };
      const { events, text, finishReasons, usage } = await run(engine, job, { signal: stopped.signal });
      const upstreamUsage = { prompt_tokens: usage.promptTokens, completion_tokens: usage.completionTokens };
      if (body['stream'] !== true) {
        const message = { role: 'assistant', content: text };
        json(response, { choices: [{ index: 0, message, finish_reason: finishReasons[0] }], usage: upstreamUsage });
        return;
      }
      beginStream(response);
      for (const choice of choicesOf(events)) {
        // One chunk per turn of the event loop, so that there is something to abort.
        await new Promise((resolve) => setImmediate(resolve));
        response.write(sse({ choices: [choice] }));
      }
      response.end(sse(usageChunk(upstreamUsage)) + sse('[DONE]'));
    } catch (error) {
      const { promptTokens, contextTokens } = AppError.from(error).details;
      json(response, { error: { message: 'too long', n_prompt_tokens: promptTokens, n_ctx: contextTokens } }, 400);
    }
  };
}

describe.each(['scripted', 'llama', 'openai'] as const)('the %s engine', (kind) => {
  let folder: string;
  let upstream: FakeUpstream;
  let engine: Engine;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'engines-'));
    upstream = new FakeUpstream();
    upstream.respond = scriptedUpstream();
    await upstream.start();
    const modelPath = await writeTinyModelFile(folder);
    const config = {
      kind,
      slots: SLOTS,
      contextTokens: CONTEXT_TOKENS,
      modelPath,
      threads: 1,
      baseUrl: upstream.baseUrl,
    };
    engine = await createEngine(engineConfig.parse(config));
    await healthProbes(engine).check(NEVER);
  });

  afterAll(async () => {
    await engine.close();
    await upstream.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('reports its name, slots and context length', () => {
    expect(engine).toMatchObject({ name: kind, slots: SLOTS, contextTokens: CONTEXT_TOKENS });
    expect(engineFor(engine, 'generate').parameters.has('seed')).toBe(true);
  });

  it('yields the head, then the role, the text and one finish reason, all with the requested index', async () => {
    const { events, text } = await run(engine, aJob({ ...LONG_REPLY, max_tokens: 20 }, { choiceIndex: 3 }));
    expect(events.map(({ type }) => type)).toEqual(['head', ...events.slice(1).map(() => 'chunk')]);
    const choices = choicesOf(events) as ChunkChoice[];
    expect(choices.map(({ index }) => index)).toEqual(choices.map(() => 3));
    expect(choices.map(({ delta }) => delta.role)).toEqual(['assistant', ...choices.slice(1).map(() => undefined)]);
    expect(choices.map(({ finish_reason: reason }) => reason)).toEqual([...choices.slice(1).map(() => null), 'length']);
    expect(choices.map(({ logprobs }) => logprobs)).toEqual(choices.map(() => null));
    expect(text.length).toBeGreaterThan(20);
  });

  it('counts the tokens of prompt and completion', async () => {
    const { usage } = await run(engine, aJob({ ...LONG_REPLY, max_tokens: 20 }));
    expect(usage).toMatchObject({ completionTokens: 20, reasoningTokens: 0 });
    expect(usage.promptTokens).toBeGreaterThan(0);
    expect(usage.cachedTokens).toBeLessThanOrEqual(usage.promptTokens);
  });

  it('returns the same text whether it is streamed or not', async () => {
    const streamed = await run(engine, aJob({ ...LONG_REPLY, max_tokens: 20 }));
    const whole = await run(engine, aJob({ ...LONG_REPLY, max_tokens: 20, stream: false }));
    expect(whole.text).toBe(streamed.text);
    expect(whole.finishReasons).toEqual(['length']);
    expect(whole.usage.completionTokens).toBe(20);
  });

  it('ends before a stop string without yielding a part of it', async () => {
    const { text: whole } = await run(engine, aJob({ ...LONG_REPLY, max_tokens: 20 }));
    const stop = whole.slice(11, 24);
    const { events, text, finishReasons } = await run(engine, aJob({ ...LONG_REPLY, max_tokens: 20, stop }));
    expect(text).toBe(whole.slice(0, whole.indexOf(stop)));
    expect(finishReasons).toEqual(['stop']);
    let emitted = '';
    for (const content of choicesOf(events).map(contentOf)) expect(text.startsWith((emitted += content))).toBe(true);
  });

  it('clamps a limit that exceeds its context, and reports it in the head', async () => {
    const { events, usage } = await run(engine, aJob({ ...LONG_REPLY, max_tokens: CONTEXT_TOKENS + 1 }));
    expect(events[0]).toMatchObject({ type: 'head', maxTokensClampedFrom: CONTEXT_TOKENS + 1 });
    expect(usage.promptTokens + usage.completionTokens).toBeLessThanOrEqual(CONTEXT_TOKENS);
  });

  it('rejects a prompt that fills its context, with the numbers', async () => {
    const messages = [{ role: 'user', content: 'the '.repeat(CONTEXT_TOKENS) }];
    const failure = await run(engine, aJob({ ...LONG_REPLY, messages })).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'inference.context_length_exceeded',
      details: { contextTokens: CONTEXT_TOKENS },
    });
  });

  it('stops when it is aborted, counts the tokens up to the abort, and keeps working', async () => {
    for (let i = 0; i < 2 * SLOTS; i += 1) {
      const controller = new AbortController();
      const onEvent = (_event: unknown, index: number): void => {
        if (index === 4) controller.abort();
      };
      const { usage, finishReasons } = await run(engine, aJob(LONG_REPLY), { signal: controller.signal, onEvent });
      expect(finishReasons).toEqual([]);
      expect(usage.completionTokens).toBeGreaterThan(0);
      expect(usage.completionTokens).toBeLessThan(300);
    }
    expect((await run(engine, aJob({ ...LONG_REPLY, max_tokens: 5 }))).usage.completionTokens).toBe(5);
  });

  it('generates nothing when it is aborted before it starts', async () => {
    const { usage, finishReasons } = await run(engine, aJob(LONG_REPLY), { signal: AbortSignal.abort() });
    expect(finishReasons).toEqual([]);
    expect(usage.completionTokens).toBe(0);
  });

  it('stops when its reader ends the iteration, and keeps working', async () => {
    for (let i = 0; i < 2 * SLOTS; i += 1) {
      for await (const event of engineFor(engine, 'generate').generate(aJob(LONG_REPLY), NEVER)) {
        if (event.type === 'chunk') break;
      }
    }
    expect((await run(engine, aJob({ ...LONG_REPLY, max_tokens: 5 }))).usage.completionTokens).toBe(5);
  });

  it('runs as many concurrent generations as it has slots, each with the same text as alone', async () => {
    const alone = await run(engine, aJob({ ...LONG_REPLY, max_tokens: 30 }));
    const jobs = Array.from({ length: SLOTS }, (_, i) =>
      aJob({ ...LONG_REPLY, max_tokens: 30 }, { cacheSalt: `project-${i}` }),
    );
    const together = await Promise.all(jobs.map((job) => run(engine, job)));
    expect(together.map(({ text }) => text)).toEqual(jobs.map(() => alone.text));
  });
});
