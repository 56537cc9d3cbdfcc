/** The usage of a response, for any report of the server, and the token limit of the client. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChunkChoice } from '../engine.ts';
import { beginStream, chunk, goodStream, sse, stream, usageChunk } from '../testing/fake-upstream.ts';
import { aJob, choicesOf, run } from '../testing/jobs.ts';
import { completion, openaiHarness } from '../testing/openai-harness.ts';

const harness = openaiHarness();
const words = (count: number): object[] =>
  Array.from({ length: count }, (_, i) => chunk({ content: `word${i % 10} ` }));

describe('usage', () => {
  const reports: [string, unknown, object][] = [
    ['none', undefined, { promptTokens: 7, completionTokens: 3 }],
    ['null', null, { promptTokens: 7, completionTokens: 3 }],
    [
      'null counts',
      { prompt_tokens: null, completion_tokens: null, total_tokens: null },
      { promptTokens: 7, completionTokens: 3 },
    ],
    ['negative counts', { prompt_tokens: -1, completion_tokens: -1 }, { promptTokens: 7, completionTokens: 3 }],
    [
      'zeros for a non-empty text',
      { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
      { promptTokens: 7, completionTokens: 3 },
    ],
    ['strings', { prompt_tokens: '9', completion_tokens: '2' }, { promptTokens: 9, completionTokens: 2 }],
    ['words', { prompt_tokens: 'many', completion_tokens: 'few' }, { promptTokens: 7, completionTokens: 3 }],
    ['fractions', { prompt_tokens: 9.5, completion_tokens: 2 }, { promptTokens: 7, completionTokens: 2 }],
    ['the prompt alone', { prompt_tokens: 9 }, { promptTokens: 9, completionTokens: 3 }],
    ['the completion alone', { completion_tokens: 2 }, { promptTokens: 7, completionTokens: 2 }],
    ['prompt and total', { prompt_tokens: 9, total_tokens: 11 }, { promptTokens: 9, completionTokens: 2 }],
    ['completion and total', { completion_tokens: 2, total_tokens: 11 }, { promptTokens: 9, completionTokens: 2 }],
    ['the total alone', { total_tokens: 11 }, { promptTokens: 8, completionTokens: 3 }],
    ['names of the Responses API', { input_tokens: 9, output_tokens: 2 }, { promptTokens: 9, completionTokens: 2 }],
    [
      'more cached than prompt tokens',
      { prompt_tokens: 9, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 50 } },
      { promptTokens: 9, cachedTokens: 9 },
    ],
    [
      'cached tokens of DeepSeek',
      { prompt_tokens: 9, completion_tokens: 2, prompt_cache_hit_tokens: 4 },
      { promptTokens: 9, cachedTokens: 4 },
    ],
    [
      'details that are null',
      {
        prompt_tokens: 9,
        completion_tokens: 2,
        prompt_tokens_details: null,
        completion_tokens_details: { reasoning_tokens: null },
      },
      { promptTokens: 9, cachedTokens: 0, reasoningTokens: 0 },
    ],
    [
      'more reasoning than completion tokens',
      { prompt_tokens: 9, completion_tokens: 2, completion_tokens_details: { reasoning_tokens: 5 } },
      { completionTokens: 2, reasoningTokens: 2 },
    ],
    [
      'reasoning excluded from the completion',
      { prompt_tokens: 9, completion_tokens: 2, total_tokens: 16, completion_tokens_details: { reasoning_tokens: 5 } },
      { completionTokens: 7, reasoningTokens: 5 },
    ],
  ];

  it.each(reports)('with %s is completed with estimates', async (_what, usage, expected) => {
    const events = ['a', 'b', 'c'].map((content) => chunk({ content }));
    const report = usage === undefined ? [] : [{ choices: [], usage }];
    expect((await harness.streamed([...events, chunk({}, 'stop'), ...report, '[DONE]'])).usage).toMatchObject(expected);
    const whole = await harness.whole(completion({ content: 'abcd efgh i' }, 'stop', { usage }));
    expect(whole.usage).toMatchObject(expected);
  });

  it('is cumulative when every chunk reports it', async () => {
    const events = [1, 2, 3].map((completion_tokens) => ({
      ...chunk({ content: 'a' }),
      usage: { prompt_tokens: 9, completion_tokens, total_tokens: 9 + completion_tokens },
    }));
    expect((await harness.streamed([...events, chunk({}, 'stop'), '[DONE]'])).usage).toMatchObject({
      promptTokens: 9,
      completionTokens: 3,
    });
  });

  it('is read from a choice, too', async () => {
    const event = chunk({}, 'stop', { usage: { prompt_tokens: 9, completion_tokens: 2 } });
    expect((await harness.streamed([chunk({ content: 'a' }), event, '[DONE]'])).usage).toMatchObject({
      promptTokens: 9,
      completionTokens: 2,
    });
  });

  it('is estimated from arguments and reasoning, too, and by length for long pieces', async () => {
    const tool_calls = [{ index: 0, id: 'c', function: { name: 'f', arguments: `{"x":"${'y'.repeat(400)}"}` } }];
    expect(
      (await harness.streamed([chunk({ tool_calls }), chunk({}, 'stop'), '[DONE]'])).usage.completionTokens,
    ).toBeGreaterThan(90);
    const { usage } = await harness.streamed([
      chunk({ reasoning: 'x'.repeat(400) }),
      chunk({ content: 'a' }, 'stop'),
      '[DONE]',
    ]);
    expect(usage).toMatchObject({ completionTokens: 101, reasoningTokens: 100 });
  });

  it('is 0 without content', async () => {
    expect((await harness.streamed([chunk({ content: '' }), chunk({}, 'stop'), '[DONE]'])).usage.completionTokens).toBe(
      0,
    );
  });
});

describe('the token limit of the client', () => {
  it.each([8_192, 9_000, 100_000])('of %d is sent to a server with an unknown context length', async (max_tokens) => {
    harness.upstream.models = (response) => void response.end(JSON.stringify({ data: [{ id: 'named-model' }] }));
    harness.upstream.respond = stream(...goodStream);
    const engine = harness.engine();
    await engine.check(new AbortController().signal);
    expect(engine.contextTokens).toBeUndefined();
    const { events } = await run(engine, aJob({ stream: true, max_tokens }));
    expect(harness.upstream.requests.at(-1)?.body).toMatchObject({ max_tokens });
    expect(events[0]).toEqual({ type: 'head' });
  });

  it.each([5, 64, 1_000])('of %d ends the response of a server that ignores it', async (max_tokens) => {
    let written = 0;
    harness.upstream.respond = async (response, request) => {
      beginStream(response);
      let gone = false;
      void request.aborted.then(() => (gone = true));
      for (; !gone && written < 100_000; written += 1) {
        response.write(sse(chunk({ content: `word${written % 10} ` })));
        if (written % 100 === 99) await sleep(1);
      }
    };
    const view = await harness.view({ stream: true, max_tokens });
    expect(view.finish).toEqual(['length']);
    expect(view.usage.completionTokens).toBe(max_tokens);
    const came = choicesOf(view.events).filter((choice) => (choice as ChunkChoice).delta.content).length;
    expect(came).toBeGreaterThanOrEqual(max_tokens);
    expect(came).toBeLessThanOrEqual(Math.ceil(max_tokens * 1.125) + 4);
    await harness.upstream.requests[0]?.aborted;
  });

  it('is exact when the server reports its count with each chunk', async () => {
    const events = words(50).map((event, i) => ({ ...event, usage: { prompt_tokens: 9, completion_tokens: i + 1 } }));
    const view = await harness.streamed([...events, chunk({}, 'stop'), '[DONE]'], { max_completion_tokens: 20 });
    expect(view).toMatchObject({ finish: ['length'], usage: { completionTokens: 20, promptTokens: 9 } });
    expect(choicesOf(view.events).filter((choice) => (choice as ChunkChoice).delta.content)).toHaveLength(20);
  });

  it('ends the response of a server that sends long chunks', async () => {
    const events = Array.from({ length: 100 }, () => chunk({ content: 'some words '.repeat(20) }));
    const view = await harness.streamed([...events, chunk({}, 'stop'), '[DONE]'], { max_tokens: 50 });
    expect(view.finish).toEqual(['length']);
    expect(view.content?.length).toBeLessThan(50 * 16 * 2);
  });

  it('truncates a whole response that exceeds it', async () => {
    const content = 'word '.repeat(1_000);
    const usage = { prompt_tokens: 9, completion_tokens: 1_000, total_tokens: 1_009 };
    for (const fields of [{ max_tokens: 100 }, { max_tokens: 100, stream: true }]) {
      const view = await harness.whole(completion({ content }, 'stop', { usage }), fields);
      expect(view).toMatchObject({ finish: ['length'], usage: { completionTokens: 100, promptTokens: 9 } });
      expect(view.content).toBe(content.slice(0, 500));
    }
  });

  it.each([
    ['exactly that many tokens', words(20), 20],
    ['a flush at the end', [...words(20), chunk({ content: '!' })], 20],
    [
      'one character at a time',
      [...'These are exactly twenty tokens of quite ordinary English text, more or less.'].map((content) =>
        chunk({ content }),
      ),
      20,
    ],
    [
      'CJK one character at a time',
      [...'這是二十個字的文本內容而已沒有更多的東西'].map((content) => chunk({ content })),
      20,
    ],
    ['long tokens', Array.from({ length: 20 }, () => chunk({ content: ' '.repeat(64) })), 20],
  ])('does not end the response of a server that respects it and sends %s', async (_what, events, max_tokens) => {
    const usage = usageChunk({ prompt_tokens: 9, completion_tokens: 20 });
    const view = await harness.streamed([...events, chunk({}, 'length'), usage, '[DONE]'], { max_tokens });
    expect(view.content).toHaveLength(
      events.reduce(
        (sum: number, event) =>
          sum + (event as { choices: { delta: { content: string } }[] }).choices[0]!.delta.content.length,
        0,
      ),
    );
    expect(view).toMatchObject({ finish: ['length'], usage: { completionTokens: 20 } });
  });

  it('does not apply when there is none', async () => {
    const view = await harness.streamed([...words(3_000), chunk({}, 'stop'), '[DONE]']);
    expect(view).toMatchObject({ finish: ['stop'], usage: { completionTokens: 3_000 } });
  });
});

describe('the request to the server', () => {
  const sent = async (fields: object, job: object = {}): Promise<Record<string, unknown>> => {
    await harness.streamed(goodStream, fields, job);
    return harness.upstream.requests.at(-1)?.body ?? {};
  };

  it('has no empty lists, and no tool parameters without tools', async () => {
    const body = await sent({ tools: [], tool_choice: 'auto', parallel_tool_calls: true, stop: [], logit_bias: {} });
    for (const name of ['tools', 'tool_choice', 'parallel_tool_calls', 'stop', 'logit_bias'])
      expect(body).not.toHaveProperty(name);
    const tools = [{ type: 'function', function: { name: 'f' } }];
    expect(
      await sent({ tools, tool_choice: 'none', parallel_tool_calls: false, stop: ['x'], logit_bias: { 5: 1 } }),
    ).toMatchObject({
      tools,
      tool_choice: 'none',
      parallel_tool_calls: false,
      stop: ['x'],
      logit_bias: { 5: 1 },
    });
  });

  it('has no nulls except the content of a message, and no empty tool calls', async () => {
    const messages = [
      { role: 'assistant', content: 'a', refusal: null, tool_calls: [] },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
      },
      { role: 'tool', content: 'x', tool_call_id: 'c' },
    ];
    const tools = [{ type: 'function', function: { name: 'f', strict: null } }];
    expect(await sent({ messages, tools })).toMatchObject({
      messages: [{ role: 'assistant', content: 'a' }, messages[1], messages[2]],
      tools: [{ type: 'function', function: { name: 'f' } }],
    });
    const [message] = (harness.upstream.requests.at(-1)?.body['messages'] as object[]) ?? [];
    expect(Object.keys(message ?? {})).toEqual(['role', 'content']);
  });

  it('has lone surrogates replaced, but not escaped text that looks like one', async () => {
    const text = 'a\ud83d b\ude00 😀 \\ud83d \\\\ud83d';
    const body = await sent({ messages: [{ role: 'user', content: text }], stop: ['\ud83d'] });
    expect(body['messages']).toEqual([{ role: 'user', content: 'a\ufffd b\ufffd 😀 \\ud83d \\\\ud83d' }]);
    expect(body['stop']).toEqual(['\ufffd']);
  });

  it('has the seed verbatim', async () => {
    await harness.streamed(goodStream, { seed: 9_223_372_036_854_775_807 }, { seedDigits: '9223372036854775807' });
    expect(harness.upstream.requests.at(-1)?.text).toContain('"seed":9223372036854775807,');
    await harness.streamed(goodStream, { seed: 7 });
    expect(harness.upstream.requests.at(-1)?.text).toContain('"seed":7,');
  });
});
