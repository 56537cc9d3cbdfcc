/**
 * The requests of coding agents, as `fixtures/coding-agents` has them: each is posted whole and streamed, and so is the next turn of its
 * client, which sends back the output of the first one in its own way.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type OpenAI from 'openai';
import { callOf, replyOf } from './support/model-replies.ts';
import { OpenResponsesSchema } from './support/open-responses-schema.ts';
import { ResponsesClient } from './support/responses-client.ts';
import { ScriptedUpstream } from './support/scripted-upstream.ts';
import { testPlatform } from './support/test-platform.ts';

type Json = Readonly<Record<string, unknown>>;
type Created = OpenAI.Responses.Response;
type Part = { readonly text: string };

interface Fixture {
  readonly client: string;
  readonly request: Json & { readonly input: string | readonly Json[]; readonly tools: readonly Json[] };
  readonly reply: {
    readonly reasoning?: string;
    readonly text: string;
    /** With `input`, of a custom tool. */
    readonly calls: readonly { readonly name: string; readonly arguments?: Json; readonly input?: string }[];
  };
  /** Names of the tools that the model learns of. */
  readonly learned: readonly string[];
  /** The types of the items. */
  readonly output: readonly string[];
  readonly sentBack: keyof typeof SENT_BACK;
  /** Of the calls of the reply. */
  readonly results: readonly (string | readonly (Part & Json)[])[];
}

const folder = join(import.meta.dirname, 'fixtures/coding-agents');
const fixtures = readdirSync(folder).map((file) => ({
  name: file.replace('.json', ''),
  ...(JSON.parse(readFileSync(join(folder, file), 'utf8')) as Fixture),
}));

const upstream = new ScriptedUpstream();
const test = testPlatform(async () => {
  await upstream.start();
  return upstream.plan();
});
afterAll(() => upstream.stop());

const openResponses = new OpenResponsesSchema();
let client: ResponsesClient;
beforeEach(() => {
  client = new ResponsesClient(test.description, test.schema);
});

/** Events that the Open Responses document does not have. */
const BEYOND = ['response.reasoning_text.', 'response.custom_tool_call_input.'];

/** Posts a request, and validates its response, and its events, against both documents. */
async function respond({ stream_options: options, ...request }: Json, stream: boolean): Promise<Created> {
  if (!stream) return valid(await client.create(request));
  const { events, response } = await client.stream({
    ...request,
    ...(options !== undefined && { stream_options: options }),
  });
  for (const event of events)
    if (!BEYOND.some((prefix) => event.type.startsWith(prefix)))
      expect(openResponses.checkEvent(event as unknown as Json)).toEqual([]);
  return valid(response);
}

function valid(response: Created): Created {
  const { output_text: _text, ...received } = response;
  expect(openResponses.check('ResponseResource', received)).toEqual([]);
  expect(response).toMatchObject({ status: 'completed', error: null });
  return response;
}

function modelReply({ reasoning, text, calls }: Fixture['reply']): void {
  const deltas = [
    ...(reasoning === undefined ? [] : [{ reasoning_content: reasoning }]),
    ...(text === '' ? [] : [{ content: text }]),
    ...calls.flatMap(({ name, input, arguments: given }, at) => {
      const json = JSON.stringify(given ?? { input });
      return callOf(name, [json.slice(0, 7), json.slice(7)], at);
    }),
  ];
  upstream.reply = replyOf(deltas, calls.length > 0 ? 'tool_calls' : 'stop');
}

function asked(): Json & { readonly messages: readonly Json[] } {
  return upstream.takeRequests().at(-1)?.body as Json & { messages: Json[] };
}

/** How clients change the items of an output before they send them back. */
const SENT_BACK = {
  /** Its server keeps them. */
  stored: () => [],
  whole: (item: Json) => [item],
  bare: ({ id: _id, status: _status, ...item }: Json) => {
    const content = item['content'] as readonly Json[] | undefined;
    if (item['type'] === 'message') return [{ ...item, content: content?.map(({ type, text }) => ({ type, text })) }];
    return [item['type'] === 'reasoning' ? { encrypted_content: null, ...item } : item];
  },
  renamed: ({ id, status: _status, ...item }: Json) => {
    if (item['type'] === 'message') return [{ ...item, id: 'msg_123', status: 'completed' }];
    if (item['type'] !== 'reasoning') return [item];
    return [{ type: 'reasoning', id, summary: [], encrypted_content: item['encrypted_content'] }];
  },
};

function nextTurn({ request, sentBack, results }: Fixture, { id, output }: Created): Json {
  const calls = output.filter(({ type }) => type.endsWith('_call')) as unknown as Json[];
  const next = calls.map(({ type, call_id: call }, at) => ({
    ...{ type: `${String(type)}_output`, call_id: call, output: results[at] },
  }));
  const added = next.length > 0 ? next : [{ role: 'user', content: 'Go on.' }];
  if (sentBack === 'stored') return { ...request, previous_response_id: id, input: added };
  const items = JSON.parse(JSON.stringify(output)) as Json[];
  return { ...request, input: [...request.input, ...items.flatMap(SENT_BACK[sentBack]), ...added] };
}

const textOf = (result: Fixture['results'][number]): string =>
  typeof result === 'string' ? result : result.map(({ text }) => text).join('\n');

/** Without what must not be repeated. */
const withoutCredentials = ({ authorization: _token, headers: _headers, ...tool }: Json): Json => tool;

describe.each(fixtures)('$name', (fixture) => {
  const { request, reply, learned, output, results } = fixture;

  it.each([false, true])('is served, and so is the next turn; streamed: %j', async (stream) => {
    modelReply(reply);
    const first = await respond(request, stream);
    expect(first.output.map(({ type }) => type)).toEqual(output);
    // Whatever the model cannot use is repeated all the same.
    expect(first.tools).toMatchObject(request.tools.map(withoutCredentials));
    expect(JSON.stringify(first)).not.toMatch(/secret-/);
    const echoed = ['prompt_cache_key', 'store', 'parallel_tool_calls', 'truncation', 'metadata', 'safety_identifier'];
    for (const name of echoed.filter((field) => field in request)) expect(first).toHaveProperty(name, request[name]);
    const { tools } = asked() as unknown as { tools: { function: Json }[] };
    expect(tools.map((tool) => tool.function['name'])).toEqual(learned);

    upstream.reply = undefined;
    const second = await respond(nextTurn(fixture, first), stream);
    expect(second.output_text).toBe('Hello');
    const { messages } = asked();
    const [assistant] = messages.filter((message) => message['role'] === 'assistant').slice(-1);
    const shown = messages.slice(messages.indexOf(assistant as Json) + 1);
    if (reply.text !== '') expect(assistant).toMatchObject({ content: reply.text });
    if (reply.calls.length === 0) return expect(shown).toMatchObject([{ role: 'user', content: 'Go on.' }]);
    expect(assistant?.['tool_calls']).toMatchObject(
      reply.calls.map(({ name, arguments: given, input }, at) => ({
        ...{ id: `call_${at}`, function: { name, arguments: JSON.stringify(given ?? { input }) } },
      })),
    );
    expect(shown).toEqual(
      results.map((result, at) => ({ role: 'tool', tool_call_id: `call_${at}`, content: textOf(result) })),
    );
  });
});

it('reasoning that another server has encrypted is accepted', async () => {
  const encrypted = 'gAAAAABoISQ24OyVRYbkYfukdJoqdzWT-3uiErKInHDC-lgAaXeky44N77j7aibc2elHISjAvX7OmUwMU1r7NgaiHSVWL';
  const input = [
    { role: 'user', content: 'Hello' },
    { type: 'reasoning', id: 'rs_0199', summary: [], content: null, encrypted_content: encrypted },
    { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hello' }] },
    { role: 'user', content: 'Go on.' },
  ];
  await respond({ input, store: false, include: ['reasoning.encrypted_content'] }, false);
  expect(asked().messages.map(({ content }) => content)).toEqual(['Hello', 'Hello', 'Go on.']);
});
