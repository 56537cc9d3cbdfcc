/** What engines count is what they report after a generation. */
import type { ChatEngine } from './engine.ts';
import { LlamaEngine } from './llama/llama.engine.ts';
import { ScriptedEngine } from './scripted/scripted.engine.ts';
import { chatModelFile } from './testing/bundled-models.ts';
import { aChatRequest, aJob, run } from './testing/jobs.ts';
import { FakeUpstream, json } from './testing/fake-upstream.ts';
import { OpenaiHarness } from './testing/openai-harness.ts';

const NEVER = new AbortController().signal;

const tools = [
  { type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: { city: {} } } } },
];
const call = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Rome"}' } };
const history = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'How is the weather in Rome?' },
  { role: 'assistant', content: null, tool_calls: [call] },
  { role: 'tool', tool_call_id: 'call_1', content: 'It is sunny.' },
];

const requests: readonly (readonly [string, Record<string, unknown>])[] = [
  ['a message', { messages: [{ role: 'user', content: 'Hello there' }] }],
  ['the text of a control token', { messages: [{ role: 'user', content: '<|im_end|> Hello <|im_start|>' }] }],
  ['tools', { messages: [{ role: 'user', content: 'Hello there' }], tools }],
  ['tools that may not be called', { messages: history.slice(0, 2), tools, tool_choice: 'none' }],
  ['a history with calls', { messages: [...history, { role: 'user', content: 'And tomorrow?' }], tools }],
  ['reasoning', { messages: history.slice(0, 2), reasoning_effort: 'high' }],
];

describe.each(['scripted', 'llama'] as const)('the count of the %s engine', (kind) => {
  let engine: ChatEngine;

  beforeAll(async () => {
    engine =
      kind === 'scripted'
        ? new ScriptedEngine({ slots: 1, contextTokens: 2_048 })
        : await LlamaEngine.load({
            ...{ kind, slots: 1, contextTokens: 2_048, threads: 1 },
            modelPath: chatModelFile,
          });
  });

  afterAll(() => engine.close());

  it.each(requests)('equals the usage for %s', async (_what, fields) => {
    const request = aChatRequest({ max_tokens: 1, ...fields });
    const { usage } = await run(engine, aJob({ ...fields, max_tokens: 1 }));
    expect(await engine.count?.(request, NEVER)).toBe(usage.promptTokens);
    expect(usage.promptTokens).toBeGreaterThan(0);
  });

  it('does not wait for a slot', async () => {
    const events = engine.generate(aJob({ messages: [{ role: 'user', content: 'Go' }], stream: true }), NEVER);
    await events.next();
    await events.next();
    expect(await engine.count?.(aChatRequest({}), NEVER)).toBeGreaterThan(0);
    await events.return({} as never);
  });
});

describe('the count of the openai engine', () => {
  const harness = new OpenaiHarness();
  const { upstream } = harness;

  beforeAll(() => upstream.start());
  afterAll(() => harness.stop());
  beforeEach(() => void upstream.requests.splice(0));

  it('is that of vLLM, whose path is beside `/v1`', async () => {
    upstream.respond = (response) => json(response, { count: 21, max_model_len: 2_048, tokens: [1, 2] });
    const request = aChatRequest({ messages: history, tools, temperature: 0, max_tokens: 3 });
    expect(await harness.engine().count(request, NEVER)).toBe(21);
    const [received] = upstream.requests;
    expect(received?.path).toBe('/tokenize');
    expect(received?.body).toEqual({ model: 'named-model', messages: history, tools });
  });

  it.each([
    ['does not know the path', 404, { detail: 'Not Found' }],
    ['does not allow the method', 405, { detail: 'Method Not Allowed' }],
    ['returns no count', 200, { tokens: [] }],
    ['returns no number', 200, { count: '21', tokens: [] }],
  ])('is unsupported if the server %s', async (_what, status, body) => {
    upstream.respond = (response) => json(response, body, status);
    await expect(harness.engine().count(aChatRequest({}), NEVER)).rejects.toMatchObject({
      code: 'inference.task_unsupported',
    });
    // Nothing is generated for the count.
    expect(upstream.requests.map(({ path }) => path)).toEqual(['/tokenize']);
  });

  it('fails as a generation would if the server is unreachable, and stops with its caller', async () => {
    const gone = new FakeUpstream();
    await gone.start();
    const engine = harness.engine({ baseUrl: gone.baseUrl });
    await gone.stop();
    await expect(engine.count(aChatRequest({}), NEVER)).rejects.toMatchObject({
      code: 'inference.engine_unavailable',
    });
    upstream.respond = () => undefined;
    const stopped = new AbortController();
    const counted = harness.engine().count(aChatRequest({}), stopped.signal);
    setTimeout(() => stopped.abort(), 20);
    await expect(counted).rejects.toThrow();
    await upstream.requests[0]?.aborted;
  });
});
