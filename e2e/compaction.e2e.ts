/** `POST /v1/responses/compact`, and contexts that begin with a compaction. */
import { scriptedPlatform } from '@xerotier/dev';
import OpenAI from 'openai';
import { Ledger } from './support/ledger.ts';
import { addTenant } from './support/tenant.ts';
import { testPlatform } from './support/test-platform.ts';

const test = testPlatform(() => scriptedPlatform({ slots: 2 }));

type Fields = Readonly<Record<string, unknown>>;
type Compaction = OpenAI.Responses.CompactedResponse;

const client = (): OpenAI =>
  new OpenAI({ baseURL: test.description.projectUrl, apiKey: test.description.apiKey, maxRetries: 0 });

const user = (content: string): Fields => ({ type: 'message', role: 'user', content });
/** The scripted engine writes this as summary, since it is in the transcript. */
const summarized = (summary: string, text = ''): Fields => user(`${text}[[script {"text":"${summary}"}]]`);

function post(
  path: string,
  fields: Fields,
  { project, key }: { project?: string; key?: string } = {},
): Promise<Response> {
  const { baseUrl, projectId, apiKey, model } = test.description;
  return fetch(`${baseUrl}/${project ?? projectId}/v1/responses${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key ?? apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, ...fields }),
  });
}

async function rejectionOf(response: Promise<Response>): Promise<[number, string, string | null]> {
  const received = await response;
  const { error } = (await received.json()) as { error: { code: string; param: string | null } };
  return [received.status, error.code, error.param];
}

async function compact(fields: Fields): Promise<Compaction> {
  const body = { model: test.description.model, ...fields } as OpenAI.Responses.ResponseCompactParams;
  return test.schema.expectValid('CompactResource', await client().responses.compact(body));
}

const create = (fields: Fields): Promise<OpenAI.Responses.Response> =>
  client().responses.create({
    model: test.description.model,
    ...fields,
  } as OpenAI.Responses.ResponseCreateParamsNonStreaming);

/** Words are tokens of the scripted engine, so that their number tells what the model was shown. */
const inputTokens = async (fields: Fields): Promise<number | undefined> => (await create(fields)).usage?.input_tokens;

const typesOf = ({ output }: Pick<Compaction, 'output'>): string[] => output.map(({ type }) => type);
const textsOf = ({ output }: Pick<Compaction, 'output'>): unknown[] =>
  output.flatMap((item) => (item.type === 'message' ? item.content.map((part) => 'text' in part && part.text) : []));

/** Of the message that a summary is shown in. */
const SUMMARY_FRAME_WORDS = 12;

describe('compaction', () => {
  it('keeps the messages of users, and has exactly one compaction as last item', async () => {
    const input = [
      user('first'),
      { role: 'assistant', content: 'reply' },
      { role: 'developer', content: 'rule' },
      summarized('short'),
    ];
    const compaction = await compact({ input });
    expect(compaction.id).toMatch(/^resp_/);
    expect(typesOf(compaction)).toEqual(['message', 'message', 'compaction']);
    expect(textsOf(compaction)).toEqual(['first', '[[script {"text":"short"}]]']);
    expect(compaction.usage).toMatchObject({ output_tokens: 1 });
    const { encrypted_content: sealed } = compaction.output.at(-1) as OpenAI.Responses.ResponseCompactionItem;
    expect(Buffer.from(sealed, 'base64url').includes('short')).toBe(false);
  });

  it('is charged once, as one call of the model', async () => {
    const response = await post('/compact', { input: [summarized('one two three')] });
    const { usage } = (await response.json()) as Compaction;
    expect(response.headers.get('x-xerotier-worker-id')).toBeTruthy();
    const rows = await new Ledger(test.description.databaseUrl).settled([response.headers.get('x-request-id') ?? '']);
    expect(rows).toMatchObject([
      { outcome: 'completed', prompt_tokens: usage.input_tokens, completion_tokens: usage.output_tokens },
    ]);
  });

  it('is shown to the model instead of everything before it', async () => {
    const { output } = await compact({ input: [user('many words that nobody needs any more'), summarized('one two')] });
    expect(await inputTokens({ input: [...output, user('next')] })).toBe(SUMMARY_FRAME_WORDS + 2 + 1);
    // Without the messages that were kept, which the summary stands for.
    expect(await inputTokens({ input: [...output.slice(-1), user('next')] })).toBe(SUMMARY_FRAME_WORDS + 2 + 1);
    expect(await inputTokens({ input: [...output, user('next')], store: false })).toBe(SUMMARY_FRAME_WORDS + 2 + 1);
  });

  it('continues from a previous response, and later responses continue from it', async () => {
    const first = await create({ input: 'the first question [[script {"text":"the first reply"}]]' });
    const compaction = await compact({ previous_response_id: first.id });
    expect(textsOf(compaction)).toEqual(['the first question [[script {"text":"the first reply"}]]']);
    const continued = await create({ input: [...compaction.output, user('next')] });
    // The summary is the text of the script: three words.
    expect(continued.usage?.input_tokens).toBe(SUMMARY_FRAME_WORDS + 3 + 1);
    const { output: written } = await create({
      input: user('again [[script {"text":"x"}]]').content,
      previous_response_id: continued.id,
    });
    expect(written).toHaveLength(1);
    const { input_tokens: counted } = await client().responses.inputTokens.count({
      model: test.description.model,
      input: 'again',
      previous_response_id: continued.id,
    });
    expect(counted).toBe(SUMMARY_FRAME_WORDS + 3 + 1 + 16 + 1);
  });

  it('twice is one item, and the second summary has what the first one says', async () => {
    const first = await compact({ input: [summarized('alpha beta')] });
    const second = await compact({ input: [...first.output, user('gamma'), summarized('delta')] });
    expect(typesOf(second)).toEqual(['message', 'message', 'message', 'compaction']);
    // The transcript has the first summary, which is no script, and what came after it.
    expect(await inputTokens({ input: second.output })).toBe(SUMMARY_FRAME_WORDS + 1);
    expect(second.output.at(-1)).not.toEqual(first.output.at(-1));
  });

  it('drops calls of tools, and what they returned', async () => {
    const call = { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{}' };
    const output = { type: 'function_call_output', call_id: 'call_1', output: 'sunny' };
    expect(typesOf(await compact({ input: [summarized('s'), call, output] }))).toEqual(['message', 'compaction']);
  });

  it('comes from a response whose input ends with a trigger, and later ones go on from there', async () => {
    const first = await create({ input: 'first' });
    const trigger = { type: 'compaction_trigger' };
    const compacted = await create({ input: [summarized('one two'), trigger], previous_response_id: first.id });
    expect(compacted).toMatchObject({ status: 'completed', output: [{ type: 'compaction' }], output_text: '' });
    expect(compacted.usage?.output_tokens).toBe(2);
    const frame = SUMMARY_FRAME_WORDS + 2;
    expect(await inputTokens({ input: 'next', previous_response_id: compacted.id })).toBe(frame + 1);
    // Without state as well.
    const unstored = await create({ input: [summarized('one two'), trigger], store: false });
    expect(await inputTokens({ input: [...unstored.output, user('next')], store: false })).toBe(frame + 1);
  });

  it('is not possible for a conversation without items', async () => {
    const { id } = await client().conversations.create({});
    const triggered = post('', { input: [{ type: 'compaction_trigger' }], conversation: id });
    expect(await rejectionOf(triggered)).toEqual([400, 'invalid_request', 'input']);
  });

  it.each<[string, unknown, string | null]>([
    ['without a context', [{ type: 'compaction_trigger' }], 'input'],
    ['before other items', [{ type: 'compaction_trigger' }, user('x')], 'input[0]'],
  ])('rejects a trigger %s', async (_what, input, param) => {
    expect(await rejectionOf(post('', { input }))).toEqual([400, 'invalid_request', param]);
  });

  it.each<[string, Fields, [number, string, string | null]]>([
    ['no input', {}, [400, 'invalid_request', 'input']],
    ['an empty input', { input: [] }, [400, 'invalid_request', 'input']],
    [
      'an unknown response',
      { previous_response_id: 'resp_0' },
      [400, 'previous_response_not_found', 'previous_response_id'],
    ],
    [
      'content that is no compaction',
      { input: [user('x'), { type: 'compaction', encrypted_content: 'abc' }] },
      [400, 'invalid_request', 'input[1].encrypted_content'],
    ],
  ])('rejects %s', async (_what, fields, rejection) => {
    expect(await rejectionOf(post('/compact', fields))).toEqual(rejection);
  });

  it('has no usage if the model fails, and reports that', async () => {
    const failed = post('/compact', { input: user('[[script {"failAfter":0}]]').content });
    expect((await rejectionOf(failed)).slice(0, 2)).toEqual([500, 'engine_error']);
    expect((await rejectionOf(post('/compact', { input: [summarized(' ')] }))).slice(0, 2)).toEqual([
      500,
      'engine_error',
    ]);
  });

  it('opens with its project only, and unchanged only', async () => {
    const [, item] = (await compact({ input: [summarized('secret')] })).output as [
      unknown,
      OpenAI.Responses.ResponseCompactionItem,
    ];
    const other = await addTenant(test.platform, 'scripted');
    const foreign = { model: other.endpointSlug, input: [user('x'), item] };
    const elsewhere = { project: other.projectId, key: other.apiKey };
    const rejection = [400, 'invalid_request', 'input[1].encrypted_content'];
    expect(await rejectionOf(post('', foreign, elsewhere))).toEqual(rejection);
    expect(await rejectionOf(post('/compact', foreign, elsewhere))).toEqual(rejection);
    expect(await rejectionOf(post('/input_tokens', foreign, elsewhere))).toEqual(rejection);
    const sealed = item.encrypted_content;
    const changed = `${sealed.slice(0, 30)}${sealed[30] === 'A' ? 'B' : 'A'}${sealed.slice(31)}`;
    for (const input of [
      [user('x'), { type: 'compaction', encrypted_content: changed }],
      // One that is not shown is checked, too.
      [user('x'), { type: 'compaction', encrypted_content: changed }, item],
    ]) {
      expect(await rejectionOf(post('', { input }))).toEqual(rejection);
      expect(await rejectionOf(post('', { input, background: true }))).toEqual(rejection);
    }
    expect((await post('', { input: [user('x'), item] })).status).toBe(200);
  });

  it('is read in the background, too', async () => {
    const { output } = await compact({ input: [summarized('one two')] });
    const { id } = await create({ input: [...output, user('next')], background: true });
    for (;;) {
      const { status, usage } = await client().responses.retrieve(id);
      if (status === 'queued' || status === 'in_progress') continue;
      expect([status, usage?.input_tokens]).toEqual(['completed', SUMMARY_FRAME_WORDS + 2 + 1]);
      break;
    }
  });
});
