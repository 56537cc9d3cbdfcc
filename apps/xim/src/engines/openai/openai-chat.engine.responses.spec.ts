/** Responses that deviate from the specification, as various servers send them. */
import { beginStream, chunk, goodResponse, goodStream, json, sse, usageChunk } from '../testing/fake-upstream.ts';
import { completion, openaiHarness } from '../testing/openai-harness.ts';
import type { ChunkChoice } from '../engine.ts';
import { choicesOf } from '../testing/jobs.ts';

const harness = openaiHarness();
const USAGE = usageChunk({ prompt_tokens: 9, completion_tokens: 3 });

describe('a finish reason', () => {
  it.each(['', 'null', 'None', 'none', ' ', 0, false])('of %j in a chunk does not end the stream', async (word) => {
    const call = { tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }] };
    const events = [chunk({ content: 'a' }), chunk({ content: 'b' }), chunk(call)].map((event) =>
      JSON.parse(JSON.stringify(event).replace('"finish_reason":null', `"finish_reason":${JSON.stringify(word)}`)),
    ) as object[];
    const view = await harness.streamed([...events, chunk({}, 'tool_calls'), USAGE, '[DONE]']);
    expect(view).toMatchObject({ content: 'ab', calls: [{ name: 'f' }], finish: ['tool_calls'] });
  });

  const words: [string, string][] = [
    ['stop', 'stop'],
    ['length', 'length'],
    ['content_filter', 'content_filter'],
    ['eos_token', 'stop'],
    ['eos', 'stop'],
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['STOP', 'stop'],
    ['COMPLETE', 'stop'],
    ['max_tokens', 'length'],
    ['MAX_TOKENS', 'length'],
    ['model_length', 'length'],
    ['limit', 'length'],
    ['SAFETY', 'content_filter'],
    ['refusal', 'content_filter'],
    // There are no tool calls.
    ['tool_calls', 'stop'],
    ['function_call', 'stop'],
    ['something_new', 'stop'],
    ['constructor', 'stop'],
  ];

  it.each(words)('%s becomes %s, streamed or not', async (word, reason) => {
    const streamed = await harness.streamed([chunk({ content: 'a' }), chunk({}, word), USAGE, '[DONE]']);
    expect(streamed).toMatchObject({ content: 'a', finish: [reason] });
    expect(await harness.whole(completion({ content: 'a' }, word))).toMatchObject({ content: 'a', finish: [reason] });
  });

  it.each([
    'abort',
    'error',
    'cancelled',
    'canceled',
    'timeout',
    'insufficient_system_resource',
    'network_error',
    'engine_crashed',
  ])('%s is a failure of the engine, streamed or not', async (word) => {
    await expect(harness.streamed([chunk({ content: 'a' }), chunk({}, word), USAGE, '[DONE]'])).rejects.toMatchObject({
      code: 'inference.engine_failed',
      details: { usage: { completionTokens: 1 } },
    });
    await expect(harness.whole(completion({ content: 'a' }, word))).rejects.toMatchObject({
      code: 'inference.engine_failed',
    });
  });

  it.each(['stop', 'tool_calls', 'tool_use', 'function_call', 'TOOL_CALL', 'eos_token'])(
    'of a response with tool calls is tool_calls when the server sends %s',
    async (word) => {
      const tool_calls = [{ index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }];
      expect((await harness.streamed([chunk({ tool_calls }), chunk({}, word), '[DONE]'])).finish).toEqual([
        'tool_calls',
      ]);
      expect((await harness.whole(completion({ tool_calls }, word))).finish).toEqual(['tool_calls']);
    },
  );

  it.each(['length', 'content_filter'])('of a response with tool calls stays %s', async (word) => {
    const tool_calls = [{ index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '{"a' } }];
    expect((await harness.streamed([chunk({ tool_calls }), chunk({}, word), '[DONE]'])).finish).toEqual([word]);
    expect((await harness.whole(completion({ tool_calls }, word))).finish).toEqual([word]);
  });
});

describe('the end of a stream', () => {
  it('is [DONE] when there is no finish reason', async () => {
    expect(await harness.streamed([chunk({ content: 'a' }), chunk({ content: 'b' }), USAGE, '[DONE]'])).toMatchObject({
      content: 'ab',
      finish: ['stop'],
      usage: { completionTokens: 3 },
    });
    const tool_calls = [{ index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }];
    expect((await harness.streamed([chunk({ tool_calls }), '[DONE]'])).finish).toEqual(['tool_calls']);
  });

  it.each([
    ['[DONE] without content', [chunk({ role: 'assistant', content: '' }), '[DONE]']],
    ['[DONE] alone', ['[DONE]']],
    ['no end after the content', [chunk({ content: 'a' })]],
    ['nothing at all', []],
  ])('is a failure with %s', async (_what, events) => {
    await expect(harness.streamed(events)).rejects.toMatchObject({ code: 'inference.engine_failed' });
  });

  it.each([
    ['finish and usage', [chunk({ content: 'a' }), chunk({}, 'stop'), USAGE], 9],
    ['finish with usage', [chunk({ content: 'a' }, 'stop'), USAGE], 9],
    ['finish without usage', [chunk({ content: 'a' }), chunk({}, 'stop')], 7],
    ['[DONE] without a finish', [chunk({ content: 'a' }), '[DONE]'], 7],
  ])('is reached after %s when the server keeps the connection open', async (_what, events, promptTokens) => {
    harness.upstream.respond = (response) => {
      beginStream(response);
      for (const event of events) response.write(sse(event));
    };
    // The idle timeout of a minute applies only until the finish.
    const view = await harness.view({ stream: true });
    expect(view).toMatchObject({ content: 'a', finish: ['stop'], usage: { promptTokens } });
    await harness.upstream.requests[0]?.aborted;
  });

  it('waits for a usage that is sent shortly after the finish reason', async () => {
    harness.upstream.respond = (response) => {
      beginStream(response);
      response.write(sse(chunk({ content: 'a' })) + sse(chunk({}, 'stop')));
      setTimeout(() => response.end(sse(USAGE) + sse('[DONE]')), 1_200);
    };
    expect((await harness.view({ stream: true })).usage).toMatchObject({ promptTokens: 9, completionTokens: 3 });
  });

  it('is not an empty event, which is a ping', async () => {
    const events = ['', chunk({ content: 'a' }), '', ' ', chunk({ content: 'b' }), chunk({}, 'stop'), '', '[DONE]'];
    expect(await harness.streamed(events)).toMatchObject({ content: 'ab', finish: ['stop'] });
  });
});

describe('the form of a body', () => {
  const types = [
    'text/event-stream',
    'Text/Event-Stream; charset=UTF-8',
    'text/plain; charset=utf-8',
    'application/json',
    'application/octet-stream',
    'application/x-jsonlines',
    undefined,
  ];

  it.each(types.flatMap((type) => [200, 201].map((status) => [type, status] as const)))(
    'is detected for a stream as %s with status %d',
    async (type, status) => {
      harness.upstream.respond = (response) => {
        response.writeHead(status, type === undefined ? {} : { 'content-type': type });
        response.end(`\n: hello\n\n${goodStream.map(sse).join('')}`);
      };
      expect(await harness.view({ stream: true })).toMatchObject({ content: 'Hi', finish: ['stop'] });
    },
  );

  it.each(types)('is detected for JSON as %s', async (type) => {
    harness.upstream.respond = (response) => {
      response.writeHead(201, type === undefined ? {} : { 'content-type': type });
      response.end(`\n ${JSON.stringify(goodResponse)}`);
    };
    expect(await harness.view({})).toMatchObject({ content: 'Hi there', finish: ['stop'] });
  });

  it('is not detected after excessive white space', async () => {
    harness.upstream.respond = (response) => {
      beginStream(response);
      response.end(`${'\n'.repeat(200_000)}${goodStream.map(sse).join('')}`);
    };
    expect((await harness.view({ stream: true })).content).toBe('Hi');
    harness.upstream.respond = (response) => void response.end(' '.repeat(9 * 2 ** 20));
    await expect(harness.view({ stream: true })).rejects.toMatchObject({ code: 'inference.engine_failed' });
  });

  it('may be JSON when a stream was requested, and is returned as chunks', async () => {
    const tool_calls = [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }];
    harness.upstream.respond = (response) => json(response, completion({ content: 'Hi', tool_calls, reasoning: 'Hm' }));
    const view = await harness.view({ stream: true, include_reasoning: true });
    expect(view).toMatchObject({
      content: 'Hi',
      reasoning: 'Hm',
      calls: [{ id: 'c', type: 'function', name: 'f', arguments: '{"a":1}' }],
      finish: ['tool_calls'],
      usage: { promptTokens: 9, completionTokens: 3 },
    });
    expect(view.events.map(({ type }) => type)).toEqual(['head', 'chunk']);
    expect((choicesOf(view.events)[0] as ChunkChoice).delta.tool_calls?.[0]?.index).toBe(0);
  });

  it('may be a stream when JSON was requested, and is returned as one response', async () => {
    harness.upstream.respond = (response) => {
      beginStream(response);
      response.end(goodStream.map(sse).join(''));
    };
    const view = await harness.view({});
    expect(view).toMatchObject({ content: 'Hi', finish: ['stop'], usage: { promptTokens: 9 } });
    expect(view.events.map(({ type }) => type)).toEqual(['head', 'response']);
  });

  it.each([
    ['an HTML page', '<html><body>Welcome</body></html>'],
    ['nothing', ''],
    ['broken JSON', '{"choices": [{"message": '],
    ['a number', '5'],
  ])('is a failure for %s, streamed or not', async (_what, body) => {
    harness.upstream.respond = (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end(body);
    for (const streamed of [true, false])
      await expect(harness.view({ stream: streamed })).rejects.toMatchObject({ code: 'inference.engine_failed' });
  });

  it.each([202, 204, 206])('is a failure for status %d without a body', async (status) => {
    harness.upstream.respond = (response) => void response.writeHead(status).end();
    await expect(harness.view({ stream: true })).rejects.toMatchObject({ code: 'inference.engine_failed' });
  });

  it('may have the error events of older llama-servers', async () => {
    const error = { code: 400, message: 'bad grammar', type: 'invalid_request_error' };
    harness.upstream.respond = (response) => {
      beginStream(response);
      response.end(`error: ${JSON.stringify(error)}\n\n`);
    };
    await expect(harness.view({ stream: true })).rejects.toMatchObject({ code: 'inference.upstream_rejected' });
  });
});

describe('content', () => {
  const parts: [string, unknown, { content: string; reasoning?: string }][] = [
    [
      'a list of text parts',
      [
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b' },
      ],
      { content: 'ab' },
    ],
    ['a list of strings', ['a', 'b'], { content: 'ab' }],
    ['one part', { type: 'text', text: 'ab' }, { content: 'ab' }],
    ['output_text parts', [{ type: 'output_text', text: 'ab', annotations: [] }], { content: 'ab' }],
    [
      "Mistral's thinking",
      [
        { type: 'thinking', thinking: [{ type: 'text', text: 'Hm' }] },
        { type: 'text', text: 'ab' },
      ],
      { content: 'ab', reasoning: 'Hm' },
    ],
    [
      "Anthropic's thinking",
      [
        { type: 'thinking', thinking: 'Hm', signature: 'x' },
        { type: 'redacted_thinking', data: 'x' },
        { type: 'text', text: 'ab' },
      ],
      { content: 'ab', reasoning: 'Hm' },
    ],
    [
      'other parts',
      [{ type: 'reference', reference_ids: [1] }, null, 5, { type: 'text', text: 'ab' }],
      { content: 'ab' },
    ],
  ];

  it.each(parts)('in %s is joined, streamed or not', async (_what, content, expected) => {
    for (const include_reasoning of [true, false]) {
      const wanted = { content: expected.content, reasoning: include_reasoning ? expected.reasoning : undefined };
      const streamed = await harness.streamed([chunk({ content }), chunk({}, 'stop'), '[DONE]'], { include_reasoning });
      expect({ content: streamed.content, reasoning: streamed.reasoning }).toEqual(wanted);
      const whole = await harness.whole(completion({ content }), { include_reasoning });
      expect({ content: whole.content, reasoning: whole.reasoning }).toEqual(wanted);
    }
  });

  it('in `refusal` parts becomes the `refusal`', async () => {
    const view = await harness.whole(completion({ content: [{ type: 'refusal', refusal: 'No.' }] }));
    expect(view).toMatchObject({ content: null, refusal: 'No.' });
  });

  it('of another type is ignored', async () => {
    for (const content of [5, true, {}]) {
      const view = await harness.streamed([chunk({ content }), chunk({ content: 'a' }), chunk({}, 'stop'), '[DONE]']);
      expect(view.content).toBe('a');
    }
  });

  it('has surrogate pairs joined across chunks, and lone surrogates replaced', async () => {
    const half = (text: string): string => JSON.stringify(chunk({ content: 'X' })).replace('X', text);
    const events = [
      half('a\\ud83d'),
      half('\\ude00b\\ud83d'),
      half('c\\ude00'),
      half('\\ud83d'),
      chunk({}, 'stop'),
      '[DONE]',
    ];
    const view = await harness.streamed(events);
    expect(view.content).toBe('a😀b\ufffdc\ufffd\ufffd');
    const texts = choicesOf(view.events).map((choice) => (choice as ChunkChoice).delta.content ?? '');
    expect(texts.every((text) => text.isWellFormed())).toBe(true);
    const whole = await harness.whole(completion({ content: 'a\ud83d' }));
    expect(whole.content).toBe('a\ufffd');
  });

  it('may be in the text field of legacy completions', async () => {
    const event = { choices: [{ index: 0, text: 'ab', finish_reason: 'stop' }] };
    expect((await harness.streamed([event, '[DONE]'])).content).toBe('ab');
  });
});

describe('log probabilities', () => {
  const entry = (logprob: string): string =>
    JSON.stringify({
      choices: [{ index: 0, delta: { content: 'a' }, finish_reason: null, logprobs: { content: ['X'] } }],
    }).replace(
      '"X"',
      `{"token":"a \\"NaN\\" b","logprob":${logprob},"bytes":[97],"top_logprobs":[{"token":"b","logprob":${logprob}}]}`,
    );

  it.each([
    ['-Infinity', -9_999],
    ['NaN', -9_999],
    ['null', -9_999],
    ['-3.4028234663852886e+38', -9_999],
    ['-1e999', -9_999],
    ['Infinity', -9_999],
    ['-0.25', -0.25],
    ['-9999.0', -9_999],
  ])('of %s become %d', async (written, expected) => {
    const view = await harness.streamed([entry(written), chunk({}, 'stop'), '[DONE]'], {
      logprobs: true,
      top_logprobs: 1,
    });
    expect(view.content).toBe('a');
    expect(choicesOf(view.events)[0]?.logprobs).toEqual({
      content: [
        {
          token: 'a "NaN" b',
          logprob: expected,
          bytes: [97],
          top_logprobs: [{ token: 'b', logprob: expected, bytes: null }],
        },
      ],
      refusal: null,
    });
  });

  const alternatives = ['b', 'c', 'd', 'e', 'f'].map((token) => ({ token, logprob: -1, bytes: null }));
  const content = [{ token: 'a', logprob: -0.5, bytes: [97], top_logprobs: alternatives }];

  it.each([
    [{ logprobs: true, top_logprobs: 2 }, 2],
    [{ logprobs: true, top_logprobs: 20 }, 5],
    [{ logprobs: true }, 0],
  ])('have as many alternatives as are requested: %j', async (fields, count) => {
    const event = chunk({ content: 'a' }, 'stop', { logprobs: { content: structuredClone(content), refusal: null } });
    const { events } = await harness.streamed([event, '[DONE]'], fields);
    expect(choicesOf(events)[0]?.logprobs).toEqual({
      content: [{ ...content[0], top_logprobs: alternatives.slice(0, count) }],
      refusal: null,
    });
  });

  it('are dropped unless they are requested', async () => {
    const event = chunk({ content: 'a' }, 'stop', { logprobs: { content: structuredClone(content), refusal: null } });
    expect(choicesOf((await harness.streamed([event, '[DONE]'])).events)[0]?.logprobs).toBeNull();
  });

  it('in another format become null', async () => {
    for (const logprobs of [[], {}, 5, { tokens: ['a'] }]) {
      const event = chunk({ content: 'a' }, 'stop', { logprobs });
      const { events } = await harness.streamed([event, '[DONE]'], { logprobs: true });
      expect(choicesOf(events)[0]?.logprobs).toBeNull();
    }
    const event = chunk({ content: 'a' }, 'stop', { logprobs: { content: null } });
    const { events } = await harness.streamed([event, '[DONE]'], { logprobs: true });
    expect(choicesOf(events)[0]?.logprobs).toEqual({ content: null, refusal: null });
  });
});
