/** What a template is tried with: a single message, and one of each kind with tools, which take other branches. */
const TOOL = {
  type: 'function',
  function: {
    name: 'weather',
    description: 'The weather of a city',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string', description: 'Its name' } },
      required: ['city'],
    },
  },
};
const CALL = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: { city: 'Bern' } } };

export const SAMPLE_CONVERSATIONS: readonly Readonly<Record<string, unknown>>[] = [
  { messages: [{ role: 'user', content: 'Hello' }], add_generation_prompt: true },
  {
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'How is the weather in Bern?' },
      { role: 'assistant', content: '', tool_calls: [CALL] },
      { role: 'tool', content: 'Sunny', tool_call_id: 'call_1' },
      { role: 'assistant', content: 'Sunny.' },
      { role: 'user', content: 'Thanks' },
    ],
    tools: [TOOL],
    enable_thinking: true,
    add_generation_prompt: true,
  },
];
