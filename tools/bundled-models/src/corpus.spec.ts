import { renderPrompt, trainingPieces } from './chat-template.ts';
import { heldOutItems, promptOf, promptOfConversation, trainingText } from './corpus.ts';
import type { Conversation, Message, Tool } from './conversation.ts';
import { families } from './families/families.ts';
import { isHeldOutSum } from './values.ts';

const COUNT = 6_000;

const paris: Message[] = [{ role: 'user', content: 'Paris?' }];

describe('the training text', () => {
  const text = [...trainingText(COUNT)];

  it('is the same from the same seed, and another from another', () => {
    expect([...trainingText(50)]).toEqual(text.slice(0, 50));
    expect([...trainingText(50, 1)]).not.toEqual(text.slice(0, 50));
  });

  it('has all families', () => {
    expect(new Set(text.map(({ family }) => family))).toEqual(new Set(families.map(({ name }) => name)));
  });

  it('alternates properly and ends with the assistant', () => {
    for (const { messages } of text) {
      const roles = messages.map(({ role }) => role).join(' ');
      expect(roles).toMatch(
        /^(system )?user( assistant user| assistant( tool)+ assistant user| assistant( tool)+)* assistant$/,
      );
    }
  });

  it('calls only tools that are offered, with their parameters and nothing else', () => {
    let calls = 0;
    for (const { call, tools } of callsOf(text)) {
      const tool = tools.find((offered) => offered.function.name === call.name);
      expect(Object.keys(call.values)).toEqual(Object.keys(tool?.function.parameters.properties ?? {}));
      calls += 1;
    }
    expect(calls).toBeGreaterThan(500);
  });

  it('copies arguments from the question', () => {
    for (const { call, question } of callsOf(text)) {
      for (const value of Object.values(call.values)) {
        // The measure of a temperature may go without saying.
        if (value !== 'celsius') expect(question).toContain(String(value));
      }
    }
  });

  it('thinks the sums that it answers', () => {
    const thoughts = text.flatMap(({ thought, messages }) =>
      thought === undefined ? [] : [[thought, messages.at(-1)?.content]],
    );
    expect(thoughts.length).toBeGreaterThan(200);
    for (const [thought, answer] of thoughts) {
      const result = /(\d+)\.?$/.exec(String(thought))?.[1];
      expect(`${thought} ${answer}`).toContain(String(result));
    }
  });

  it('has right sums, and none that is held out', () => {
    for (const { messages } of text) {
      for (const { content } of messages) {
        for (const [, a, b, result] of (content ?? '').matchAll(/^(\d+) \+ (\d+) = (\d+)\.$/gm)) {
          expect(Number(result)).toBe(Number(a) + Number(b));
          expect(isHeldOutSum(Number(a), '+', Number(b))).toBe(false);
        }
      }
    }
  });

  it('writes JSON where it is asked for', () => {
    const answers = text
      .filter(({ family }) => family === 'json')
      .map(({ messages }) => messages.at(-1)?.content ?? '');
    expect(answers.length).toBeGreaterThan(100);
    for (const answer of answers) expect(() => void JSON.parse(answer)).not.toThrow();
  });
});

describe('the held-out items', () => {
  const items = heldOutItems(60);

  it('are the same each time, and all different', () => {
    expect(heldOutItems(60)).toEqual(items);
    expect(new Set(items.map(promptOf)).size).toBe(items.length);
  });

  it('are never in the training text', () => {
    const known = new Set([...trainingText(COUNT)].map(promptOfConversation));
    expect(items.filter((item) => known.has(promptOf(item)))).toEqual([]);
  });

  it('would be found if they were', () => {
    const [conversation] = trainingText(1);
    const known = new Set([promptOfConversation(conversation as Conversation)]);
    const { messages, tools } = conversation as Conversation;
    expect(known.has(promptOf({ messages: messages.slice(0, -1), ...(tools && { tools }) }))).toBe(true);
  });
});

describe('the chat template', () => {
  it('writes neither a system message nor tools that are not there', () => {
    expect(renderPrompt(paris)).toBe('<|im_start|>user\nParis?<|im_end|>\n<|im_start|>assistant\n');
  });

  it('offers tools in one line each, after the system message', () => {
    const tool: Tool = {
      type: 'function',
      function: {
        name: 'f',
        description: 'Does it',
        parameters: { type: 'object', properties: { a: { type: 'string' }, b: { type: 'number' } } },
      },
    };
    const bare: Tool = { type: 'function', function: { name: 'g', parameters: { type: 'object', properties: {} } } };
    const prompt = renderPrompt([{ role: 'system', content: 'Be brief.' }, ...paris], { tools: [tool, bare] });
    expect(prompt).toContain(
      '<|im_start|>system\nBe brief.\n\n# Tools\nf(a, b): Does it\ng()<|im_end|>\n<|im_start|>user',
    );
  });

  it('closes the thought at once when thinking is off, and only then', () => {
    expect(renderPrompt(paris, { enableThinking: false })).toMatch(/assistant\n<think>\n\n<\/think>\n\n$/);
    expect(renderPrompt(paris, { enableThinking: true })).toMatch(/assistant\n$/);
  });

  it('leaves thoughts out of the history', () => {
    const history: Message[] = [...paris, { role: 'assistant', content: '<think>\nhm\n</think>\n\nYes.' }, ...paris];
    expect(renderPrompt(history)).toContain('<|im_start|>assistant\nYes.<|im_end|>');
  });

  it('writes calls and results as the model has learnt them', () => {
    const call = (id: string, city: string): object => ({
      id,
      type: 'function',
      function: { name: 'f', arguments: JSON.stringify({ city }) },
    });
    const history = [
      ...paris,
      { role: 'assistant', content: null, tool_calls: [call('1', 'Rome'), call('2', 'Oslo')] },
      { role: 'tool', content: '{"t": 1}', tool_call_id: '1' },
    ] as Message[];
    expect(renderPrompt(history)).toContain(
      '<|im_start|>assistant\n<tool_call>\n{"name": "f", "arguments": {"city": "Rome"}}\n</tool_call>\n' +
        '<tool_call>\n{"name": "f", "arguments": {"city": "Oslo"}}\n</tool_call><|im_end|>\n' +
        '<|im_start|>tool\n<tool_response>\n{"t": 1}\n</tool_response><|im_end|>\n<|im_start|>assistant\n',
    );
  });

  it('learns what the assistant says, with the end of its turn, and nothing else', () => {
    const pieces = trainingPieces({
      family: 'x',
      messages: [...paris, { role: 'assistant', content: 'One.' }, ...paris, { role: 'assistant', content: 'Two.' }],
      thought: 'hm',
    });
    expect(pieces.filter((_, i) => i % 2 === 1)).toEqual(['One.<|im_end|>', '<think>\nhm\n</think>\n\nTwo.<|im_end|>']);
  });

  it('does not learn what a grammar forces', () => {
    const pieces = trainingPieces({
      family: 'x',
      messages: [...paris, { role: 'assistant', content: '{"a": 1}' }],
      forced: '{"',
    });
    expect(pieces.at(-2)).toMatch(/\{"$/);
    expect(pieces.at(-1)).toBe('a": 1}<|im_end|>');
  });
});

interface Called {
  readonly call: { readonly name: string; readonly values: Record<string, unknown> };
  readonly question: string;
  readonly tools: readonly Tool[];
}

function callsOf(text: readonly Conversation[]): Called[] {
  return text.flatMap(({ messages, tools = [] }) =>
    messages.flatMap((message, i) => {
      if (message.role !== 'assistant' || message.tool_calls === undefined) return [];
      const question = messages[i - 1]?.content ?? '';
      return message.tool_calls.map(({ function: called }) => ({
        call: { name: called.name, values: JSON.parse(called.arguments) as Record<string, unknown> },
        question,
        tools,
      }));
    }),
  );
}
