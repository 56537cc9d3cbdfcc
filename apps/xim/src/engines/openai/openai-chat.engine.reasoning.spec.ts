/** Clients receive reasoning on request only, and in one field, regardless of the field of the server. */
import fc from 'fast-check';
import type { ChunkChoice } from '../engine.ts';
import { chunk } from '../testing/fake-upstream.ts';
import { choicesOf } from '../testing/jobs.ts';
import { completion, openaiHarness } from '../testing/openai-harness.ts';
import { ThinkTagReader } from './upstream-reasoning.ts';

const harness = openaiHarness();

const forms: [string, Record<string, unknown>][] = [
  ['reasoning_content', { reasoning_content: 'Hm' }],
  ['reasoning', { reasoning: 'Hm' }],
  ['reasoning with an empty reasoning_content', { reasoning_content: '', reasoning: 'Hm' }],
  ['reasoning with a null reasoning_content', { reasoning_content: null, reasoning: 'Hm' }],
  ['both', { reasoning_content: 'Hm', reasoning: 'Hm' }],
  ["Ollama's thinking", { thinking: 'Hm' }],
  [
    "OpenRouter's details",
    {
      reasoning_details: [
        { type: 'reasoning.text', text: 'Hm' },
        { type: 'reasoning.encrypted', data: 'x' },
      ],
    },
  ],
  ["OpenRouter's summary", { reasoning_details: [{ type: 'reasoning.summary', summary: 'Hm' }] }],
  ['details with reasoning', { reasoning: 'Hm', reasoning_details: [{ type: 'reasoning.text', text: 'Hm' }] }],
  [
    "LiteLLM's blocks",
    { reasoning_content: null, thinking_blocks: [{ type: 'thinking', thinking: 'Hm', signature: 'x' }] },
  ],
];

describe('reasoning', () => {
  it.each(forms)('in %s is returned as reasoning_content on request only', async (_what, fields) => {
    for (const include_reasoning of [true, false]) {
      const reasoning = include_reasoning ? 'Hm' : undefined;
      const events = [
        chunk({ role: 'assistant' }),
        chunk(fields),
        chunk({ content: 'Hi' }),
        chunk({}, 'stop'),
        '[DONE]',
      ];
      const streamed = await harness.streamed(events, { include_reasoning });
      expect(streamed).toMatchObject({ content: 'Hi', reasoning, usage: { completionTokens: 2 } });
      const whole = await harness.whole(completion({ content: 'Hi', ...fields }), { include_reasoning });
      expect(whole).toMatchObject({ content: 'Hi', reasoning });
      for (const { events: seen } of [streamed, whole]) {
        const written = JSON.stringify(seen);
        for (const name of ['reasoning"', 'thinking', 'reasoning_details', 'signature'])
          expect(written).not.toContain(name);
        if (!include_reasoning) expect(written).not.toContain('Hm');
      }
    }
  });

  it('is omitted from log probabilities unless it is requested', async () => {
    const entry = (token: string): object => ({ token, logprob: -1, bytes: null, top_logprobs: [] });
    const logprobs = (...tokens: string[]): object => ({ logprobs: { content: tokens.map(entry), refusal: null } });
    const message = { content: 'Hi', reasoning_content: 'Hm' };
    const body = { choices: [{ index: 0, message, finish_reason: 'stop', ...logprobs('H', 'm', 'Hi') }] };
    const tokens = ({ events }: { events: Parameters<typeof choicesOf>[0] }): string[] =>
      choicesOf(events).flatMap(({ logprobs: told }) =>
        ((told as { content: { token: string }[] } | null)?.content ?? []).map(({ token }) => token),
      );
    expect(tokens(await harness.whole(body, { logprobs: true }))).toEqual(['Hi']);
    expect(tokens(await harness.whole(body, { logprobs: true, include_reasoning: true }))).toEqual(['H', 'm', 'Hi']);
    const events = [
      chunk({ content: '<think>' }, null, logprobs('<think>')),
      chunk({ content: 'Hm' }, null, logprobs('Hm')),
      chunk({ content: '</think>' }, null, logprobs('</think>')),
      chunk({ content: 'Hi' }, null, logprobs('Hi')),
      chunk({}, 'stop'),
      '[DONE]',
    ];
    expect(tokens(await harness.streamed(events, { logprobs: true }))).toEqual(['Hi']);
    const mention = [
      chunk({ content: '<' }, null, logprobs('<')),
      chunk({ content: 'b>' }, 'stop', logprobs('b>')),
      '[DONE]',
    ];
    expect(tokens(await harness.streamed(mention, { logprobs: true }))).toEqual(['<', 'b>']);
  });

  it('is counted whether it is requested or not', async () => {
    const events = ['a', 'b', 'c'].map((reasoning_content) => chunk({ reasoning_content }));
    const { usage } = await harness.streamed([...events, chunk({ content: 'Hi' }, 'stop'), '[DONE]']);
    expect(usage).toMatchObject({ completionTokens: 4, reasoningTokens: 3 });
  });
});

describe('<think> in the content', () => {
  const responses: [string, string, { reasoning?: string; content: string }][] = [
    ['at its beginning', '<think>Hm.</think>Hi', { reasoning: 'Hm.', content: 'Hi' }],
    ['with white space around it', '\n <think>\nHm.\n</think>\n\nHi\n', { reasoning: '\nHm.\n', content: 'Hi\n' }],
    ['with nothing in it', '<think></think>Hi', { content: 'Hi' }],
    ['without an end', '<think>Hm. And', { reasoning: 'Hm. And', content: '' }],
    ['with an incomplete end', '<think>Hm</thi', { reasoning: 'Hm</thi', content: '' }],
    ['that is mentioned later', 'Write <think>x</think> first', { content: 'Write <think>x</think> first' }],
    [
      'that is mentioned after reasoning',
      '<think>Hm</think>Use <think>x</think>',
      { reasoning: 'Hm', content: 'Use <think>x</think>' },
    ],
    ['as the prefix of another tag', '<thinker>x', { content: '<thinker>x' }],
    ['with an incomplete start', '<thi', { content: '<thi' }],
    ['in capitals', '<THINK>x', { content: '<THINK>x' }],
    ["in Magistral's form", '[THINK]Hm.[/THINK]Hi', { reasoning: 'Hm.', content: 'Hi' }],
    ['with the other tag in it', '<think>[/THINK]</think>Hi', { reasoning: '[/THINK]', content: 'Hi' }],
    ['with white space before other text', ' \n Hi', { content: ' \n Hi' }],
    ['as white space alone', ' \n', { content: ' \n' }],
  ];

  it.each(responses)('%s is parsed, wherever it is split', (_what, text, expected) => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 30 }), (sizes) => {
        const reader = new ThinkTagReader();
        const read = { reasoning: '', content: '' };
        const add = (): void => {
          read.reasoning += reader.reasoning;
          read.content += reader.content;
        };
        for (let from = 0, i = 0; from < text.length; i += 1) {
          const size = sizes[i % sizes.length] ?? 1;
          reader.push(text.slice(from, from + size));
          add();
          from += size;
        }
        reader.end();
        add();
        expect(read).toEqual({ reasoning: '', ...expected });
      }),
    );
  });

  it.each(responses)('%s is separated by the engine, streamed or not', async (_what, text, expected) => {
    const events = [...text].map((content) => chunk({ content }));
    for (const include_reasoning of [true, false]) {
      const streamed = await harness.streamed([...events, chunk({}, 'stop'), '[DONE]'], { include_reasoning });
      const whole = await harness.whole(completion({ content: text }), { include_reasoning });
      for (const view of [streamed, whole]) {
        expect(view.content).toBe(expected.content);
        expect(view.reasoning).toBe(include_reasoning ? expected.reasoning : undefined);
      }
    }
  });

  it('is content when the server returns reasoning separately', async () => {
    const events = [
      chunk({ reasoning_content: 'Hm' }),
      chunk({ content: '<think> is a tag' }),
      chunk({}, 'stop'),
      '[DONE]',
    ];
    expect((await harness.streamed(events)).content).toBe('<think> is a tag');
  });

  it('does not delay text beyond a tool call or the end', async () => {
    const tool_calls = [{ index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }];
    const view = await harness.streamed([chunk({ content: '<' }), chunk({ tool_calls }), chunk({}, 'stop'), '[DONE]']);
    expect(view).toMatchObject({ content: '<', calls: [{ name: 'f' }] });
    const order = choicesOf(view.events).map((choice) => Object.keys((choice as ChunkChoice).delta));
    expect(order[1]).toEqual(['content', 'tool_calls']);
    expect((await harness.streamed([chunk({ content: '<th' }), '[DONE]'])).content).toBe('<th');
  });
});
