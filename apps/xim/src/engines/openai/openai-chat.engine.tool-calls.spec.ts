/** Tool calls in the formats of various servers, joined like OpenAI's clients join the result. */
import { chunk } from '../testing/fake-upstream.ts';
import { completion, openaiHarness } from '../testing/openai-harness.ts';
import type { ClientView } from '../testing/openai-harness.ts';

const harness = openaiHarness();

const called = (name: string, args: unknown): object => ({ function: { name, arguments: args } });
const more = (args: unknown): object => ({ function: { arguments: args } });
const full = { id: 'a', type: 'function' };

function streamedCalls(...deltas: (object | object[])[]): Promise<ClientView> {
  const events = deltas.map((delta) => chunk({ tool_calls: Array.isArray(delta) ? delta : [delta] }));
  return harness.streamed([...events, chunk({}, 'tool_calls'), '[DONE]']);
}

const short = ({ calls }: ClientView): [string, string][] => calls.map((call) => [call.name, call.arguments]);

function expectValid({ calls, finish }: ClientView): void {
  for (const { id, type } of calls)
    expect({ id, type }).toEqual({ id: expect.stringMatching(/^\S+$/), type: 'function' });
  expect(new Set(calls.map(({ id }) => id)).size).toBe(calls.length);
  expect(finish).toEqual(['tool_calls']);
}

const one: [string, (object | object[])[]][] = [
  [
    'as specified',
    [
      { index: 0, ...full, ...called('f', '') },
      { index: 0, ...more('{"x"') },
      { index: 0, ...more(':1}') },
    ],
  ],
  ['without index', [{ ...full, ...called('f', '') }, more('{"x"'), more(':1}')]],
  [
    'without id',
    [
      { index: 0, type: 'function', ...called('f', '{"x"') },
      { index: 0, ...more(':1}') },
    ],
  ],
  [
    'with an empty id and null for repeated fields',
    [
      { index: 0, id: '', type: null, ...called('f', '{"x"') },
      { index: 0, id: null, type: null, function: { name: null, arguments: ':1}' } },
    ],
  ],
  [
    'without type',
    [
      { index: 0, id: 'a', ...called('f', '{"x"') },
      { index: 0, ...more(':1}') },
    ],
  ],
  [
    'with a new id in each piece',
    [
      { index: 0, id: 'a', ...called('f', '{"x"') },
      { index: 0, id: 'b', ...more(':1}') },
    ],
  ],
  [
    'with a new id in each piece and no index',
    [
      { id: 'a', ...called('f', '{"x"') },
      { id: 'b', ...more(':1}') },
    ],
  ],
  [
    'with the name in each piece',
    [
      { index: 0, ...full, ...called('f', '{"x"') },
      { index: 0, ...full, ...called('f', ':1}') },
    ],
  ],
  [
    'with the name and a new id in each piece',
    [
      { index: 0, id: 'a', ...called('f', '{"x"') },
      { index: 0, id: 'b', ...called('f', ':1}') },
    ],
  ],
  [
    'with the name in each piece and no id',
    [
      { index: 0, ...called('f', '{"x"') },
      { index: 0, ...called('f', ':1}') },
    ],
  ],
  [
    'with the name after the id',
    [
      { index: 0, id: 'a', type: 'function' },
      { index: 0, ...called('f', '{"x"') },
      { index: 0, ...more(':1}') },
    ],
  ],
  [
    'with the name last',
    [
      { index: 0, id: 'a', ...more('{"x"') },
      { index: 0, ...called('f', ':1}') },
    ],
  ],
  [
    'with an index from 1',
    [
      { index: 1, ...full, ...called('f', '{"x"') },
      { index: 1, ...more(':1}') },
    ],
  ],
  [
    'with a new index in each piece',
    [
      { index: 0, ...full, ...called('f', '{"x"') },
      { index: 1, ...more(':1}') },
    ],
  ],
  ['whole in one piece', [{ index: 0, ...full, ...called('f', '{"x":1}') }]],
  ['with an object as arguments', [{ index: 0, ...full, ...called('f', { x: 1 }) }]],
  ['without the function object', [{ index: 0, id: 'a', name: 'f', arguments: '{"x":1}' }]],
  [
    'with a redundant last piece',
    [
      { index: 0, ...full, ...called('f', '{"x":1}') },
      { index: 0, ...full, ...called('f', '') },
    ],
  ],
  [
    'with null pieces',
    [
      { index: 0, ...full, ...called('f', null) },
      { index: 0, ...more(null) },
      { index: 0, function: null },
      { index: 0, ...more('{"x":1}') },
    ],
  ],
  ['outside a list', [{ index: 0, ...full, ...called('f', '{"x":1}') }]],
];

describe('one streamed tool call', () => {
  it.each(one)('%s is joined', async (_what, deltas) => {
    const view = await streamedCalls(...deltas);
    expect(short(view)).toEqual([['f', '{"x":1}']]);
    expectValid(view);
  });

  it.each([[''], [null], [undefined], [{}], [' ']])('with arguments %j has an empty object', async (args) => {
    const view = await streamedCalls({ index: 0, ...full, ...called('f', args) });
    expect(short(view).map(([name, text]) => [name, JSON.parse(text) as unknown])).toEqual([['f', {}]]);
    const whole = await harness.whole(completion({ tool_calls: [{ ...full, ...called('f', args) }] }, 'stop'));
    expect(short(whole).map(([name, text]) => [name, JSON.parse(text) as unknown])).toEqual([['f', {}]]);
  });

  it('keeps the first id and name', async () => {
    const view = await streamedCalls(
      { index: 0, id: 'a', ...called('f', '{') },
      { index: 0, id: 'b', ...called('f', '}') },
    );
    expect(view.calls).toEqual([{ id: 'a', type: 'function', name: 'f', arguments: '{}' }]);
  });

  it('without a name is ignored', async () => {
    const events = [
      chunk({ content: 'a' }),
      chunk({ tool_calls: [{ index: 0, id: 'a', ...more('{}') }] }),
      chunk({}, 'stop'),
    ];
    expect(await harness.streamed([...events, '[DONE]'])).toMatchObject({ content: 'a', calls: [], finish: ['stop'] });
  });

  it('may be a deprecated function_call', async () => {
    const events = [{ name: 'f', arguments: '' }, { arguments: '{"x"' }, { arguments: ':1}' }].map((function_call) =>
      chunk({ function_call }),
    );
    const view = await harness.streamed([...events, chunk({}, 'function_call'), '[DONE]']);
    expect(short(view)).toEqual([['f', '{"x":1}']]);
    expectValid(view);
    const whole = await harness.whole(
      completion({ content: null, function_call: { name: 'f', arguments: '{}' } }, 'function_call'),
    );
    expect(short(whole)).toEqual([['f', '{}']]);
    expectValid(whole);
  });

  it('may have a surrogate pair split in its arguments', async () => {
    const half = (index: number, text: string): string =>
      JSON.stringify(
        chunk({ tool_calls: [{ index: 0, ...(index === 0 && full), ...called(index === 0 ? 'f' : '', 'X') }] }),
      ).replace('X', text);
    const view = await harness.streamed([half(0, '\\"\\ud83d'), half(1, '\\ude00\\"'), chunk({}, 'stop'), '[DONE]']);
    expect(short(view)).toEqual([['f', '"😀"']]);
  });

  it('is the same whether a stream is requested or not', async () => {
    harness.upstream.respond = undefined as never;
    for (const [, deltas] of one) {
      const events = deltas.map((delta) => chunk({ tool_calls: Array.isArray(delta) ? delta : [delta] }));
      const view = await harness.streamed([...events, chunk({}, 'tool_calls'), '[DONE]'], { stream: false });
      expect(short(view)).toEqual([['f', '{"x":1}']]);
    }
  });
});

const two: [string, (object | object[])[]][] = [
  [
    'as specified',
    [
      { index: 0, ...full, ...called('f', '') },
      { index: 0, ...more('{"x":1}') },
      { index: 1, id: 'b', type: 'function', ...called('g', '') },
      { index: 1, ...more('{"y":2}') },
    ],
  ],
  [
    'interleaved',
    [
      { index: 0, ...full, ...called('f', '{"x"') },
      { index: 1, id: 'b', ...called('g', '{"y"') },
      { index: 0, ...more(':1}') },
      { index: 1, ...more(':2}') },
    ],
  ],
  [
    'with equal indices and distinct ids',
    [
      { index: 0, ...full, ...called('f', '{"x":1}') },
      { index: 0, id: 'b', ...called('g', '{"y":2}') },
    ],
  ],
  [
    'with equal indices and distinct ids, in pieces',
    [
      { index: 0, ...full, ...called('f', '') },
      { index: 0, ...more('{"x":1}') },
      { index: 0, id: 'b', ...called('g', '') },
      { index: 0, ...more('{"y":2}') },
    ],
  ],
  [
    'with equal indices and no ids',
    [
      { index: 0, ...called('f', '{"x":1}') },
      { index: 0, ...called('g', '{"y":2}') },
    ],
  ],
  [
    'with equal ids',
    [
      { index: 0, id: 'a', ...called('f', '{"x":1}') },
      { index: 1, id: 'a', ...called('g', '{"y":2}') },
    ],
  ],
  ['without index, whole', [[called('f', { x: 1 }), called('g', { y: 2 })]]],
  [
    'without index, in pieces',
    [{ id: 'a', ...called('f', '{"x"') }, more(':1}'), { id: 'b', ...called('g', '{"y"') }, more(':2}')],
  ],
  [
    'without index, interleaved by id',
    [
      { id: 'a', ...called('f', '{"x"') },
      { id: 'b', ...called('g', '{"y"') },
      { id: 'a', ...more(':1}') },
      { id: 'b', ...more(':2}') },
    ],
  ],
  [
    'with gaps in the indices',
    [
      { index: 2, ...full, ...called('f', '{"x":1}') },
      { index: 5, id: 'b', ...called('g', '{"y":2}') },
    ],
  ],
];

describe('two streamed tool calls', () => {
  it.each(two)('%s stay separate', async (_what, deltas) => {
    const view = await streamedCalls(...deltas);
    expect(short(view)).toEqual([
      ['f', '{"x":1}'],
      ['g', '{"y":2}'],
    ]);
    expectValid(view);
  });

  it.each([
    [
      'equal indices',
      [
        { index: 0, id: 'a', ...called('f', '{"x":1}') },
        { index: 0, id: 'b', ...called('f', '{"x":2}') },
      ],
    ],
    [
      'equal indices and no ids',
      [
        { index: 0, ...called('f', '{"x":1}') },
        { index: 0, ...called('f', '{"x":2}') },
      ],
    ],
    ['no indices and no ids', [[called('f', { x: 1 }), called('f', { x: 2 })]]],
  ])('of one function stay separate with %s', async (_what, deltas) => {
    const view = await streamedCalls(...deltas);
    expect(short(view)).toEqual([
      ['f', '{"x":1}'],
      ['f', '{"x":2}'],
    ]);
    expectValid(view);
  });
});

describe('the tool calls of a whole response', () => {
  it('get ids, the type, and arguments as strings', async () => {
    const tool_calls = [
      called('f', { x: 1 }),
      { id: 'a', ...called('g', '{"y":2}') },
      { id: 'a', type: 'other', ...called('h', null) },
    ];
    const view = await harness.whole(completion({ content: '', tool_calls }, 'stop'));
    expect(short(view)).toEqual([
      ['f', '{"x":1}'],
      ['g', '{"y":2}'],
      ['h', '{}'],
    ]);
    expect(view.calls[1]?.id).toBe('a');
    expectValid(view);
  });

  it.each([[[]], [null], [{}], ['x'], [[null, 5, {}]]])('are ignored when they are %j', async (tool_calls) => {
    const view = await harness.whole(completion({ content: 'a', tool_calls }, 'stop'));
    expect(view).toMatchObject({ content: 'a', calls: [], finish: ['stop'] });
    const choices = (view.events[1] as { choices: { message: object }[] }).choices;
    expect(choices[0]?.message).not.toHaveProperty('tool_calls');
  });
});
