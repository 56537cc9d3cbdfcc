/** Tool calls as servers really write them, read as OpenAI's own clients read what comes out. */
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

function expectSound({ calls, finish }: ClientView): void {
  for (const { id, type } of calls)
    expect({ id, type }).toEqual({ id: expect.stringMatching(/^\S+$/), type: 'function' });
  expect(new Set(calls.map(({ id }) => id)).size).toBe(calls.length);
  expect(finish).toEqual(['tool_calls']);
}

const one: [string, (object | object[])[]][] = [
  [
    'as the specification has it',
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
    'with an empty id and null for what is not new',
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
    'with an id of its own in each piece',
    [
      { index: 0, id: 'a', ...called('f', '{"x"') },
      { index: 0, id: 'b', ...more(':1}') },
    ],
  ],
  [
    'with another id in each piece and no index',
    [
      { id: 'a', ...called('f', '{"x"') },
      { id: 'b', ...more(':1}') },
    ],
  ],
  [
    'with its name in each piece',
    [
      { index: 0, ...full, ...called('f', '{"x"') },
      { index: 0, ...full, ...called('f', ':1}') },
    ],
  ],
  [
    'with name and another id in each piece',
    [
      { index: 0, id: 'a', ...called('f', '{"x"') },
      { index: 0, id: 'b', ...called('f', ':1}') },
    ],
  ],
  [
    'with its name in each piece and no id',
    [
      { index: 0, ...called('f', '{"x"') },
      { index: 0, ...called('f', ':1}') },
    ],
  ],
  [
    'with its name after its id',
    [
      { index: 0, id: 'a', type: 'function' },
      { index: 0, ...called('f', '{"x"') },
      { index: 0, ...more(':1}') },
    ],
  ],
  [
    'with its name last',
    [
      { index: 0, id: 'a', ...more('{"x"') },
      { index: 0, ...called('f', ':1}') },
    ],
  ],
  [
    'with an index that begins at 1',
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
  ['with arguments that are an object', [{ index: 0, ...full, ...called('f', { x: 1 }) }]],
  ['without the function object', [{ index: 0, id: 'a', name: 'f', arguments: '{"x":1}' }]],
  [
    'with a last piece that says nothing new',
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
  ['that is no list', [{ index: 0, ...full, ...called('f', '{"x":1}') }]],
];

describe('one streamed tool call', () => {
  it.each(one)('%s is put together right', async (_what, deltas) => {
    const view = await streamedCalls(...deltas);
    expect(short(view)).toEqual([['f', '{"x":1}']]);
    expectSound(view);
  });

  it.each([[''], [null], [undefined], [{}], [' ']])('with arguments %j takes none', async (args) => {
    const view = await streamedCalls({ index: 0, ...full, ...called('f', args) });
    expect(short(view).map(([name, text]) => [name, JSON.parse(text) as unknown])).toEqual([['f', {}]]);
    const whole = await harness.whole(completion({ tool_calls: [{ ...full, ...called('f', args) }] }, 'stop'));
    expect(short(whole).map(([name, text]) => [name, JSON.parse(text) as unknown])).toEqual([['f', {}]]);
  });

  it('keeps the id and the name that came first', async () => {
    const view = await streamedCalls(
      { index: 0, id: 'a', ...called('f', '{') },
      { index: 0, id: 'b', ...called('f', '}') },
    );
    expect(view.calls).toEqual([{ id: 'a', type: 'function', name: 'f', arguments: '{}' }]);
  });

  it('without any name is none', async () => {
    const events = [
      chunk({ content: 'a' }),
      chunk({ tool_calls: [{ index: 0, id: 'a', ...more('{}') }] }),
      chunk({}, 'stop'),
    ];
    expect(await harness.streamed([...events, '[DONE]'])).toMatchObject({ content: 'a', calls: [], finish: ['stop'] });
  });

  it('of the deprecated kind is one too', async () => {
    const events = [{ name: 'f', arguments: '' }, { arguments: '{"x"' }, { arguments: ':1}' }].map((function_call) =>
      chunk({ function_call }),
    );
    const view = await harness.streamed([...events, chunk({}, 'function_call'), '[DONE]']);
    expect(short(view)).toEqual([['f', '{"x":1}']]);
    expectSound(view);
    const whole = await harness.whole(
      completion({ content: null, function_call: { name: 'f', arguments: '{}' } }, 'function_call'),
    );
    expect(short(whole)).toEqual([['f', '{}']]);
    expectSound(whole);
  });

  it('may have a surrogate pair cut in its arguments', async () => {
    const half = (index: number, text: string): string =>
      JSON.stringify(
        chunk({ tool_calls: [{ index: 0, ...(index === 0 && full), ...called(index === 0 ? 'f' : '', 'X') }] }),
      ).replace('X', text);
    const view = await harness.streamed([half(0, '\\"\\ud83d'), half(1, '\\ude00\\"'), chunk({}, 'stop'), '[DONE]']);
    expect(short(view)).toEqual([['f', '"😀"']]);
  });

  it('is the same whether a stream is asked for or not', async () => {
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
    'as the specification has them',
    [
      { index: 0, ...full, ...called('f', '') },
      { index: 0, ...more('{"x":1}') },
      { index: 1, id: 'b', type: 'function', ...called('g', '') },
      { index: 1, ...more('{"y":2}') },
    ],
  ],
  [
    'mixed',
    [
      { index: 0, ...full, ...called('f', '{"x"') },
      { index: 1, id: 'b', ...called('g', '{"y"') },
      { index: 0, ...more(':1}') },
      { index: 1, ...more(':2}') },
    ],
  ],
  [
    'with equal indices and their own ids',
    [
      { index: 0, ...full, ...called('f', '{"x":1}') },
      { index: 0, id: 'b', ...called('g', '{"y":2}') },
    ],
  ],
  [
    'with equal indices and their own ids, in pieces',
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
    'without index, mixed by their ids',
    [
      { id: 'a', ...called('f', '{"x"') },
      { id: 'b', ...called('g', '{"y"') },
      { id: 'a', ...more(':1}') },
      { id: 'b', ...more(':2}') },
    ],
  ],
  [
    'with indices that have gaps',
    [
      { index: 2, ...full, ...called('f', '{"x":1}') },
      { index: 5, id: 'b', ...called('g', '{"y":2}') },
    ],
  ],
];

describe('two streamed tool calls', () => {
  it.each(two)('%s stay two', async (_what, deltas) => {
    const view = await streamedCalls(...deltas);
    expect(short(view)).toEqual([
      ['f', '{"x":1}'],
      ['g', '{"y":2}'],
    ]);
    expectSound(view);
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
  ])('of one function stay two with %s', async (_what, deltas) => {
    const view = await streamedCalls(...deltas);
    expect(short(view)).toEqual([
      ['f', '{"x":1}'],
      ['f', '{"x":2}'],
    ]);
    expectSound(view);
  });
});

describe('the tool calls of a whole response', () => {
  it('get ids, type and arguments as text', async () => {
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
    expectSound(view);
  });

  it.each([[[]], [null], [{}], ['x'], [[null, 5, {}]]])('that are %j are none', async (tool_calls) => {
    const view = await harness.whole(completion({ content: 'a', tool_calls }, 'stop'));
    expect(view).toMatchObject({ content: 'a', calls: [], finish: ['stop'] });
    const choices = (view.events[1] as { choices: { message: object }[] }).choices;
    expect(choices[0]?.message).not.toHaveProperty('tool_calls');
  });
});
