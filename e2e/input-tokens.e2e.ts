/** `POST /v1/responses/input_tokens`: what is counted is what a response reports as `usage.input_tokens`. */
import { scriptedPlatform } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import OpenAI from 'openai';
import { Ledger } from './support/ledger.ts';
import { addTenant } from './support/tenant.ts';
import { testPlatform } from './support/test-platform.ts';

const test = testPlatform(() => scriptedPlatform({ slots: 1 }));

type Body = Readonly<Record<string, unknown>>;

const client = (): OpenAI =>
  new OpenAI({ baseURL: test.description.projectUrl, apiKey: test.description.apiKey, maxRetries: 0 });

function post(path: string, body: Body, { project, key }: { project?: string; key?: string } = {}): Promise<Response> {
  const { baseUrl, projectId, apiKey } = test.description;
  return fetch(`${baseUrl}/${project ?? projectId}/v1/responses${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key ?? apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: test.description.model, ...body }),
  });
}

async function count(body: Body): Promise<number> {
  const { input_tokens: tokens } = await client().responses.inputTokens.count({
    model: test.description.model,
    ...body,
  });
  return tokens;
}

const create = (body: Body): Promise<OpenAI.Responses.Response> =>
  client().responses.create({
    model: test.description.model,
    ...body,
  } as OpenAI.Responses.ResponseCreateParamsNonStreaming);

const user = (content: string): Body => ({ type: 'message', role: 'user', content });

describe('input tokens', () => {
  it('are an object as in the OpenAI document, with the worker that counted', async () => {
    const response = await post('/input_tokens', { input: 'one two three' });
    const body: unknown = await response.json();
    expect([response.status, body]).toEqual([200, { object: 'response.input_tokens', input_tokens: 3 }]);
    test.schema.expectValid('TokenCountsResource', body);
    expect(response.headers.get('x-xerotier-worker-id')).toBeTruthy();
  });

  it.each<[string, Body]>([
    ['a text', { input: 'one two three' }],
    ['instructions', { input: 'one two', instructions: 'Be very brief.' }],
    [
      'items of several kinds',
      {
        input: [
          user('one two'),
          { role: 'assistant', content: 'three' },
          { role: 'developer', content: 'four' },
          user('five'),
        ],
      },
    ],
  ])('of %s are those of the response', async (_what, body) => {
    const counted = await count(body);
    expect((await create(body)).usage?.input_tokens).toBe(counted);
    expect(counted).toBeGreaterThan(0);
  });

  it('include what a request continues from', async () => {
    const first = await create({ input: 'one two three four' });
    const next = { input: 'five', previous_response_id: first.id };
    const counted = await count(next);
    expect(counted).toBeGreaterThan(await count({ input: 'five' }));
    expect((await create(next)).usage?.input_tokens).toBe(counted);
    const conversation = await client().conversations.create({ items: [{ role: 'user', content: 'six seven' }] });
    expect(await count({ input: 'eight', conversation: conversation.id })).toBe(3);
    // Counting leaves nothing behind.
    expect(await count({ input: 'eight', conversation: conversation.id })).toBe(3);
  });

  it('are counted while the only slot is taken', async () => {
    const slow = await create({ input: '[[script {"tokens":20000,"delayMs":5}]]', background: true });
    await eventually('it runs', async () => (await client().responses.retrieve(slow.id)).status === 'in_progress');
    expect(await count({ input: 'one two three' })).toBe(3);
    expect((await client().responses.cancel(slow.id)).status).toBe('cancelled');
  });

  it('are not in the ledger', async () => {
    const ledger = new Ledger(test.description.databaseUrl);
    const idOf = (response: Response): string => response.headers.get('x-request-id') ?? '';
    const counted = idOf(await post('/input_tokens', { input: 'one two three' }));
    const created = idOf(await post('', { input: 'one two three' }));
    expect(counted).not.toBe('');
    expect(await ledger.settled([created])).toHaveLength(1);
    expect(await ledger.rows([counted])).toEqual([]);
  });

  it.each<[string, Body, number, string, string | null]>([
    ['nothing to count', {}, 400, 'invalid_request', 'input'],
    [
      'an unknown previous response',
      { input: 'x', previous_response_id: 'resp_0' },
      400,
      'previous_response_not_found',
      'previous_response_id',
    ],
    ['an unknown conversation', { input: 'x', conversation: 'conv_0' }, 404, 'conversation_not_found', null],
    [
      'what the model cannot read',
      { input: [{ type: 'item_reference', id: 'msg_0' }] },
      404,
      'item_not_found',
      'input[0].id',
    ],
    ['an unknown model', { input: 'x', model: 'nothing' }, 404, 'model_not_found', 'model'],
  ])('are rejected for %s', async (_what, body, status, code, param) => {
    const response = await post('/input_tokens', body);
    const { error } = (await response.json()) as { error: { code: string; param: string | null } };
    expect([response.status, error.code]).toEqual([status, code]);
    if (param !== null) expect(error.param).toBe(param);
  });

  it("do not tell whether another project's response exists", async () => {
    const { id } = await create({ input: 'secret' });
    const other = await addTenant(test.platform, 'scripted');
    const found = await post(
      '/input_tokens',
      { model: other.endpointSlug, input: 'x', previous_response_id: id },
      { project: other.projectId, key: other.apiKey },
    );
    const { error } = (await found.json()) as { error: { code: string } };
    expect([found.status, error.code]).toEqual([400, 'previous_response_not_found']);
  });
});
