/** Responses through the public API, with the official SDK. What runs in the background is in `background-responses.e2e.ts`. */
import { scriptedPlatform } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import type OpenAI from 'openai';
import { Ledger } from './support/ledger.ts';
import { countResponseRows } from './support/response-rows.ts';
import { ResponsesClient, scriptedText } from './support/responses-client.ts';
import { addTenant } from './support/tenant.ts';
import { testPlatform } from './support/test-platform.ts';

type Created = OpenAI.Responses.Response;
type Params = Partial<OpenAI.Responses.ResponseCreateParamsNonStreaming>;

const test = testPlatform(() => scriptedPlatform({ slots: 4 }));
const NONE = `resp_${'0'.repeat(48)}`;

let client: ResponsesClient;
beforeEach(() => {
  client = new ResponsesClient(test.description, test.schema);
});

const say = (text: string, params: Params = {}): Promise<Created> =>
  client.create({ input: scriptedText({ text }), ...params });

const countRows = (table: string): Promise<number> => countResponseRows(test.description, table);

/** Expects the status, code and field of a rejection. */
async function expectRejected(work: PromiseLike<unknown>, status: number, code: string, param?: string): Promise<void> {
  await expect(work).rejects.toMatchObject({ status, code, ...(param !== undefined && { param }) });
}

describe('a response', () => {
  it('is created, retrieved and deleted', async () => {
    const created = await client.create({
      ...{ input: scriptedText({ tokens: 3 }), instructions: 'Be brief.', metadata: { topic: 'é😀' } },
      ...{ temperature: 0.5, top_p: 0.9, truncation: 'disabled', parallel_tool_calls: false },
      ...{ prompt_cache_key: 'key', safety_identifier: 'person' },
    });
    expect(created).toMatchObject({
      ...{ id: expect.stringMatching(/^resp_[0-9a-f]{48}$/), object: 'response', status: 'completed', error: null },
      ...{ incomplete_details: null, output_text: 'tok0 tok1 tok2 ', instructions: 'Be brief.' },
      ...{ metadata: { topic: 'é😀' }, temperature: 0.5, top_p: 0.9, truncation: 'disabled', store: true },
      ...{ parallel_tool_calls: false, prompt_cache_key: 'key', safety_identifier: 'person', background: false },
      ...{ previous_response_id: null, service_tier: expect.any(String), completed_at: expect.any(Number) },
    });
    expect(created.usage).toMatchObject({
      output_tokens: 3,
      total_tokens: (created.usage?.input_tokens ?? 0) + 3,
    });
    expect(await client.retrieve(created.id)).toEqual(created);
    expect(await client.openai.responses.delete(created.id)).toEqual({
      ...{ id: created.id, object: 'response', deleted: true },
    });
    for (const work of [
      () => client.openai.responses.retrieve(created.id),
      () => client.openai.responses.delete(created.id),
      () => client.openai.responses.cancel(created.id),
      () => client.openai.responses.inputItems.list(created.id),
    ])
      await expectRejected(work(), 404, 'response_not_found');
  });

  it.each([NONE, 'resp_1', 'conv_1', '..%2f', 'é'])('with the id %j is not found', async (id) => {
    await expectRejected(client.openai.responses.retrieve(id), 404, 'response_not_found');
    await expectRejected(client.openai.responses.delete(id), 404, 'response_not_found');
  });

  it('with `store: false` leaves nothing behind', async () => {
    const tables = ['response', 'response_item', 'response_event', 'item'];
    const before = await Promise.all(tables.map(countRows));
    const whole = await say('gone', { store: false });
    const events = await client.stream({ input: scriptedText({ tokens: 2 }), store: false });
    expect(await Promise.all(tables.map(countRows))).toEqual(before);
    for (const id of [whole.id, events.response.id])
      await expectRejected(client.openai.responses.retrieve(id), 404, 'response_not_found');
    await expectRejected(
      say('x', { previous_response_id: whole.id }),
      ...([400, 'previous_response_not_found', 'previous_response_id'] as const),
    );
  });

  it('has its input as items, the last one first', async () => {
    const { id } = await client.create({
      input: [
        { role: 'developer', content: 'Be brief.' },
        { role: 'user', content: 'One' },
        { role: 'user', content: scriptedText({ tokens: 1 }) },
      ],
    });
    const page = await client.openai.responses.inputItems.list(id, { limit: 2 });
    test.schema.expectValid('ResponseItemList', (page as unknown as { body: unknown }).body);
    expect(page.data.map((item) => (item as { role?: string }).role)).toEqual(['user', 'user']);
    expect(page.has_more).toBe(true);
    const all: string[] = [];
    for await (const item of client.openai.responses.inputItems.list(id, { limit: 1, order: 'asc' }))
      all.push((item as { role: string }).role);
    expect(all).toEqual(['developer', 'user', 'user']);
    await expectRejected(
      client.openai.responses.inputItems.list(id, { after: 'msg_none' }),
      ...([400, 'invalid_request', 'after'] as const),
    );
  });

  it('is accepted with items that another response had, with and without their ids', async () => {
    const first = await say('Paris');
    const [message] = first.output as [OpenAI.Responses.ResponseOutputMessage];
    const { id: _id, status: _status, ...bare } = message;
    for (const item of [message, bare, { type: 'item_reference', id: message.id }]) {
      const { id } = await client.create({
        input: [item as never, { role: 'user', content: scriptedText({ tokens: 1 }) }],
      });
      expect(await client.inputTexts(id)).toEqual(['Paris', scriptedText({ tokens: 1 })]);
    }
    await expectRejected(
      client.create({ input: [{ type: 'item_reference', id: 'msg_none' }] }),
      ...([404, 'item_not_found', 'input[0].id'] as const),
    );
  });

  it('is incomplete if `max_output_tokens` was reached', async () => {
    const response = await client.create({ input: scriptedText({ tokens: 50 }), max_output_tokens: 16 });
    expect(response).toMatchObject({
      ...{ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' }, error: null },
      ...{ output: [{ type: 'message', status: 'incomplete' }], usage: { output_tokens: 16 } },
    });
    expect((response as { completed_at?: unknown }).completed_at).toBeNull();
    const { events } = await client.stream({ input: scriptedText({ tokens: 50 }), max_output_tokens: 16 });
    expect(events.at(-1)).toMatchObject({
      type: 'response.incomplete',
      response: {
        ...{ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' }, error: null },
        ...{ completed_at: null, output: [{ type: 'message', status: 'incomplete' }], usage: { output_tokens: 16 } },
      },
    });
  });

  it.each<[string, object]>([
    ['input', { input: undefined }],
    ['input', { input: [] }],
    ['max_output_tokens', { max_output_tokens: 15 }],
    ['max_tool_calls', { max_tool_calls: 0 }],
    ['temperature', { temperature: 3 }],
    ['tool_choice', { tool_choice: 'x' }],
    ['tool_choice', { tool_choice: 'required' }],
    ['top_logprobs', { top_logprobs: 21 }],
    ['include[0]', { include: ['x'] }],
    ['previous_response_id', { previous_response_id: 'chatcmpl-1' }],
    ['previous_response_id', { previous_response_id: NONE, conversation: 'conv_1' }],
    ['conversation', { conversation: 'x' }],
    ['stream_options', { stream_options: { include_obfuscation: true } }],
    ['x_detach', { x_detach: true }],
    ['prompt', { prompt: { id: 'p' } }],
  ])('is rejected for an invalid %s: %j', async (param, fields) => {
    const work = client.openai.responses.create({ model: 'chat', input: 'Hello', ...fields } as never);
    await expect(work).rejects.toMatchObject({ status: 400, param });
  });

  it('fails with the error of its engine', async () => {
    const failing = scriptedText({ tokens: 9, failAfter: 2 });
    await expect(client.create({ input: failing })).rejects.toMatchObject({ status: expect.any(Number) });
    const { events } = await client.stream({ input: failing });
    const last = events.at(-1);
    expect(last).toMatchObject({
      type: 'response.failed',
      response: { status: 'failed', error: { code: 'server_error' }, completed_at: null },
    });
    const { id } = (last as { response: Created }).response;
    expect(await client.retrieve(id)).toMatchObject({ status: 'failed', output: [{ status: 'incomplete' }] });
  });

  it('has the usage that the ledger has', async () => {
    const { response, requestId } = await client.createRaw({ input: scriptedText({ tokens: 5 }) });
    const [row] = await new Ledger(test.description.databaseUrl).settled([requestId]);
    expect(row).toMatchObject({
      ...{ outcome: 'completed', prompt_tokens: response.usage?.input_tokens },
      completion_tokens: response.usage?.output_tokens,
    });
  });

  it('of another project is not found', async () => {
    const tenant = await addTenant(test.platform, 'scripted');
    const theirs = new ResponsesClient(
      { ...test.description, ...tenant, projectUrl: `${test.description.baseUrl}/${tenant.projectId}/v1` },
      test.schema,
      tenant.endpointSlug,
    );
    const { id, output } = await say('ours');
    const item = (output[0] as { id: string }).id;
    for (const work of [
      () => theirs.openai.responses.retrieve(id),
      () => theirs.openai.responses.delete(id),
      () => theirs.openai.responses.cancel(id),
      () => theirs.openai.responses.inputItems.list(id),
    ])
      await expectRejected(work(), 404, 'response_not_found');
    await expectRejected(theirs.create({ input: 'x', previous_response_id: id }), 400, 'previous_response_not_found');
    await expectRejected(theirs.create({ input: [{ type: 'item_reference', id: item }] }), 404, 'item_not_found');
    expect(await client.retrieve(id)).toMatchObject({ status: 'completed' });
  });
});

describe('a chain of responses', () => {
  it('has the context of those before, and branches', async () => {
    const root = await say('root');
    const left = await say('left', { previous_response_id: root.id });
    const right = await say('right', { previous_response_id: root.id });
    expect([left, right].map((each) => each.previous_response_id)).toEqual([root.id, root.id]);
    const grown = (one: Created, other: Created): number =>
      (one.usage?.input_tokens ?? 0) - (other.usage?.input_tokens ?? 0);
    expect(grown(left, root)).toBeGreaterThan(0);
    const leaf = await say('leaf', { previous_response_id: left.id });
    expect(grown(leaf, left)).toBeGreaterThan(0);
    // Its own input alone.
    expect(await client.inputTexts(leaf.id)).toEqual([scriptedText({ text: 'leaf' })]);
  });

  it('does not inherit instructions', async () => {
    const instructions = 'Be brief. '.repeat(50);
    const first = await say('a', { instructions });
    const second = await say('b', { previous_response_id: first.id });
    expect(second.instructions).toBeNull();
    expect(second.usage?.input_tokens ?? 0).toBeLessThan(first.usage?.input_tokens ?? 0);
  });

  it('keeps its context when a response before was deleted', async () => {
    const first = await say('first');
    const second = await say('second', { previous_response_id: first.id });
    const before = await say('third', { previous_response_id: second.id });
    await client.openai.responses.delete(first.id);
    await expectRejected(client.openai.responses.retrieve(first.id), 404, 'response_not_found');
    await expectRejected(say('x', { previous_response_id: first.id }), 400, 'previous_response_not_found');
    const after = await say('third', { previous_response_id: second.id });
    expect(after.usage?.input_tokens).toBe(before.usage?.input_tokens);
    const rows = await countRows('response');
    for (const { id } of [before, after, second]) await client.openai.responses.delete(id);
    // With the last one that continues from it, the first one goes, too.
    expect(await countRows('response')).toBe(rows - 4);
  });
});

describe('a response in a conversation', () => {
  it.each([false, true])('adds its input and its output to it, streamed: %j', async (stream) => {
    const { id } = await client.openai.conversations.create({ items: [{ role: 'user', content: 'Earlier' }] });
    for (const [text, conversation] of [
      ['one', id],
      ['two', { id }],
    ] as const) {
      const params = { input: scriptedText({ text }), conversation };
      const response = stream ? (await client.stream(params)).response : await client.create(params);
      expect(response.conversation).toEqual({ id });
    }
    const texts: string[] = [];
    for await (const item of client.openai.conversations.items.list(id, { order: 'asc' }))
      texts.push((item as { content: { text: string }[] }).content.map(({ text }) => text).join(''));
    expect(texts).toEqual(['Earlier', scriptedText({ text: 'one' }), 'one', scriptedText({ text: 'two' }), 'two']);
  });

  it('needs one that exists', async () => {
    await expectRejected(say('x', { conversation: 'conv_none' }), 404, 'conversation_not_found', 'conversation');
    const { id } = await client.openai.conversations.create();
    await client.openai.conversations.delete(id);
    await expectRejected(say('x', { conversation: id }), 404, 'conversation_not_found', 'conversation');
  });

  it('adds its items when it has ended, not before', async () => {
    const { id } = await client.openai.conversations.create();
    const items = async (): Promise<unknown[]> => (await client.openai.conversations.items.list(id)).data;
    const stream = await client.open({ input: scriptedText({ tokens: 20, delayMs: 50 }), conversation: id });
    const seen: unknown[] = [];
    for await (const event of stream)
      if (event.type === 'response.output_text.delta' && seen.push(event) === 1) expect(await items()).toEqual([]);
    expect(await items()).toHaveLength(2);
  });

  it('adds its items in the background, too, and those of one that is incomplete', async () => {
    const { id } = await client.openai.conversations.create();
    const { id: background } = await client.create({
      ...{ input: scriptedText({ text: 'one' }), conversation: id, background: true },
    });
    await eventually('it ends', async () => (await client.retrieve(background)).status === 'completed');
    await client.create({ input: scriptedText({ tokens: 50 }), conversation: id, max_output_tokens: 16 });
    const statuses: unknown[] = [];
    for await (const item of client.openai.conversations.items.list(id, { order: 'asc' }))
      statuses.push((item as { status: string }).status);
    expect(statuses).toEqual(['completed', 'completed', 'completed', 'incomplete']);
  });

  it('that is cancelled leaves it as it was', async () => {
    const { id } = await client.openai.conversations.create();
    const endless = { input: scriptedText({ tokens: 10_000, delayMs: 20 }), conversation: id };
    const { id: background } = await client.create({ ...endless, background: true });
    await test.fleet.busyWorker();
    await client.cancel(background);
    const left = await client.untilText(await client.open(endless));
    await eventually('it is cancelled', async () => (await client.retrieve(left)).status === 'cancelled');
    expect((await client.openai.conversations.items.list(id)).data).toEqual([]);
    await test.fleet.allIdle();
  });

  it('that has failed leaves it as it was', async () => {
    const { id } = await client.openai.conversations.create();
    await client.stream({ input: scriptedText({ tokens: 9, failAfter: 2 }), conversation: id });
    expect((await client.openai.conversations.items.list(id)).data).toEqual([]);
  });

  it('keeps its output when the conversation is deleted', async () => {
    const { id } = await client.openai.conversations.create();
    const response = await say('kept', { conversation: id });
    await client.openai.conversations.delete(id);
    expect(await client.retrieve(response.id)).toEqual(response);
  });
});

describe('a streamed response', () => {
  it('has the events of the specification, whose deltas make its text', async () => {
    const requested = {
      ...{ top_p: 0.5, truncation: 'auto', prompt_cache_key: 'key', safety_identifier: 'person', max_tool_calls: 3 },
      ...{ parallel_tool_calls: false, top_logprobs: 2, metadata: { a: 'b' }, max_output_tokens: 100 },
    };
    const { events, response, text } = await client.stream({
      ...{ input: scriptedText({ tokens: 5 }), service_tier: 'priority', ...requested },
    } as never);
    const types = events.map(({ type }) => type);
    expect(types.filter((type) => type !== 'response.output_text.delta')).toEqual([
      ...['response.created', 'response.in_progress', 'response.output_item.added', 'response.content_part.added'],
      ...['response.output_text.done', 'response.content_part.done', 'response.output_item.done', 'response.completed'],
    ]);
    expect(text).toBe('tok0 tok1 tok2 tok3 tok4 ');
    // The tier is that of the endpoint, whatever was requested.
    const echoed = { ...requested, service_tier: 'self_hosted' };
    expect(response).toMatchObject({ output_text: text, usage: { output_tokens: 5 }, error: null, ...echoed });
    for (const { response: begun } of events.slice(0, 2) as { response: Created }[])
      expect(begun).toMatchObject({ ...echoed, usage: null, output: [], error: null });
    expect(await client.retrieve(response.id)).toEqual(response);
  });

  it('pads deltas unless it is told not to', async () => {
    const isPadded = (events: readonly { type: string }[]): boolean[] =>
      events.filter(({ type }) => type.endsWith('.delta')).map((event) => 'obfuscation' in event);
    const padded = await client.stream({ input: scriptedText({ tokens: 3 }) });
    expect(isPadded(padded.events)).toEqual([true, true, true]);
    const bare = await client.stream({
      input: scriptedText({ tokens: 3 }),
      stream_options: { include_obfuscation: false },
    });
    expect(isPadded(bare.events)).toEqual([false, false, false]);
  });

  it('that is not streamed stops its engine when the client disconnects, too', async () => {
    const { projectUrl, apiKey } = test.description;
    for (const path of ['/responses', '/responses/compact']) {
      const leaving = new AbortController();
      const body = { model: 'chat', input: scriptedText({ tokens: 10_000, delayMs: 20 }) };
      const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' };
      const left = fetch(`${projectUrl}${path}`, {
        ...{ method: 'POST', headers, body: JSON.stringify(body), signal: leaving.signal },
      });
      left.catch(() => undefined);
      await test.fleet.busyWorker();
      leaving.abort();
      await expect(left).rejects.toThrow();
      await test.fleet.allIdle();
    }
  });

  it('stops its engine when the client disconnects', async () => {
    const stream = await client.open({ input: scriptedText({ tokens: 10_000, delayMs: 20 }) });
    // The SDK disconnects when the stream is not read to its end.
    const id = await client.untilText(stream);
    const ended = await eventually('the response ends', async () => {
      const response = await client.openai.responses.retrieve(id);
      return response.status === 'in_progress' ? undefined : response;
    });
    expect(ended).toMatchObject({ status: 'cancelled', error: null });
    await test.fleet.allIdle();
  });
});
