import { splitVendorEvents } from './vendor-events.ts';

const chunk = (delta: object, finish_reason: string | null = null): Buffer =>
  Buffer.from(JSON.stringify([{ index: 1, delta, logprobs: null, finish_reason }]));

describe('splitVendorEvents', () => {
  it('converts reasoning to an event, and drops an empty chunk', () => {
    expect(splitVendorEvents(chunk({ reasoning_content: 'Hm.\n' }), 'chatcmpl-1', false)).toEqual({
      events:
        'event: x_reasoning.delta\ndata: {"type":"x_reasoning.delta","id":"chatcmpl-1","index":1,"delta":"Hm.\\n"}\n\n',
      choices: undefined,
    });
  });

  it('keeps other fields in the chunk', () => {
    const { choices } = splitVendorEvents(chunk({ role: 'assistant', reasoning_content: 'Hm.' }), 'c', false);
    expect(JSON.parse(choices as string)).toEqual([
      { index: 1, delta: { role: 'assistant' }, logprobs: null, finish_reason: null },
    ]);
    expect(splitVendorEvents(chunk({ reasoning_content: 'Hm.' }, 'length'), 'c', false).choices).toContain('"length"');
  });

  it('keeps reasoning in the chunk if requested', () => {
    const json = chunk({ reasoning_content: 'Hm.' });
    const { events, choices } = splitVendorEvents(json, 'c', true);
    expect(events).toContain('x_reasoning.delta');
    expect(choices).toBe(json.toString());
  });

  it('does not change chunks without reasoning, even if the text mentions it', () => {
    const plain = chunk({ content: 'Hi' });
    expect(splitVendorEvents(plain, 'c', false)).toEqual({ events: '', choices: plain.toString() });
    const mention = chunk({ content: 'It is called "reasoning_content".' });
    const { events, choices } = splitVendorEvents(mention, 'c', false);
    expect([events, JSON.parse(choices as string)]).toEqual(['', JSON.parse(mention.toString())]);
  });
});
