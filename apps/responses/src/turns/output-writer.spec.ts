import type { StoredItem } from '@xerotier/contracts/responses';
import { OutputWriter } from './output-writer.ts';

/** Returns the items of calls of these tools. */
function called(...names: string[]): readonly StoredItem[] {
  const tools = new Map([
    ['maths__add', { tool: { type: 'function' as const, name: 'add' }, namespace: 'maths' }],
    ['maths__sql', { tool: { type: 'custom' as const, name: 'sql' }, namespace: 'maths' }],
  ]);
  const writer = new OutputWriter({
    tools,
    summarizesReasoning: false,
    includesLogprobs: false,
    write: () => undefined,
  });
  for (const [index, name] of names.entries())
    writer.add({
      ...{ index: 0, logprobs: null, finish_reason: null },
      delta: {
        tool_calls: [{ index, id: `call_${index}`, type: 'function', function: { name, arguments: '{"input":"x"}' } }],
      },
    });
  writer.end();
  return writer.items;
}

it('has the namespace of the tool that was called, and its own name', () => {
  expect(called('maths__add', 'maths__sql', 'other')).toMatchObject([
    { type: 'function_call', call_id: 'call_0', namespace: 'maths', name: 'add' },
    { type: 'custom_tool_call', call_id: 'call_1', namespace: 'maths', name: 'sql', input: 'x' },
    { type: 'function_call', call_id: 'call_2', name: 'other' },
  ]);
  expect(called('other')[0]).not.toHaveProperty('namespace');
});
