import { includable, withIncluded } from './include.ts';
import type { Includable } from './include.ts';
import type { Item } from './item.ts';

const common = { id: 'x_1', status: 'completed' };
const image = { type: 'input_image', image_url: 'data:,', detail: 'auto' };
const text = { type: 'output_text', text: 'a', annotations: [], logprobs: [{ token: 'a' }] };

/** For each value, an item with its field, and the item without it. */
const cases: readonly (readonly [Includable, Item, Item])[] = [
  [
    'message.input_image.image_url',
    { ...common, type: 'message', content: [image] },
    { ...common, type: 'message', content: [{ type: 'input_image', detail: 'auto' }] },
  ],
  [
    'message.output_text.logprobs',
    { ...common, type: 'message', content: [text] },
    { ...common, type: 'message', content: [{ ...text, logprobs: [] }] },
  ],
  [
    'reasoning.encrypted_content',
    { ...common, type: 'reasoning', summary: [], encrypted_content: 'x' },
    { ...common, type: 'reasoning', summary: [] },
  ],
  [
    'file_search_call.results',
    { ...common, type: 'file_search_call', queries: [], results: [] },
    { ...common, type: 'file_search_call', queries: [] },
  ],
  [
    'code_interpreter_call.outputs',
    { ...common, type: 'code_interpreter_call', outputs: [{ type: 'logs', logs: '' }] },
    { ...common, type: 'code_interpreter_call', outputs: null },
  ],
  [
    'web_search_call.action.sources',
    { ...common, type: 'web_search_call', action: { type: 'search', query: 'a', sources: [] } },
    { ...common, type: 'web_search_call', action: { type: 'search', query: 'a' } },
  ],
  [
    'computer_call_output.output.image_url',
    { ...common, type: 'computer_call_output', output: { type: 'computer_screenshot', image_url: 'data:,' } },
    { ...common, type: 'computer_call_output', output: { type: 'computer_screenshot' } },
  ],
];

describe('withIncluded', () => {
  it.each(cases)('has %s on request only', (value, whole, hidden) => {
    expect(withIncluded(whole, [value])).toEqual(whole);
    expect(withIncluded(whole, includable.options)).toEqual(whole);
    expect(
      withIncluded(
        whole,
        includable.options.filter((other) => other !== value),
      ),
    ).toEqual(hidden);
    expect(withIncluded(whole, [])).toEqual(hidden);
  });

  it('has a case for every value that reveals something', () => {
    // Calls of searches have no results here.
    const others = includable.options.filter((value) => value !== 'web_search_call.results');
    expect(cases.map(([value]) => value).toSorted()).toEqual(others.toSorted());
  });

  it('leaves other items as they are', () => {
    const call: Item = { ...common, type: 'function_call', arguments: '{}' };
    expect(withIncluded(call, [])).toEqual(call);
  });
});
