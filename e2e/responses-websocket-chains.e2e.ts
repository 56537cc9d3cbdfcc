/** Chains of responses on a WebSocket: of those that are not stored, which its gateway keeps, and of stored ones. */
import { scriptedPlatform } from '@xerotier/dev';
import OpenAI from 'openai';
import { countResponseRows } from './support/response-rows.ts';
import { closeSockets, ResponseSocketClient } from './support/response-socket.ts';
import { scriptedText } from './support/responses-client.ts';
import { addTenant } from './support/tenant.ts';
import { testPlatform } from './support/test-platform.ts';

const NONE = `resp_${'0'.repeat(48)}`;

const test = testPlatform(() => scriptedPlatform({ slots: 8 }));
afterEach(closeSockets);

function connect(): Promise<ResponseSocketClient> {
  const { projectUrl, apiKey } = test.description;
  return ResponseSocketClient.open({ url: projectUrl, apiKey }, test.schema);
}

const say = (text: string): string => scriptedText({ text });

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const value of values) found.push(value);
  return found;
}

describe('a chain with store: false', () => {
  const turn = (text: string, more: object = {}): Record<string, unknown> => ({
    ...{ store: false, input: say(text) },
    ...more,
  });
  const tokens = ({ usage }: OpenAI.Responses.Response): number => usage?.input_tokens ?? 0;

  it('has the context of the latest response, and leaves nothing behind', async () => {
    const { databaseUrl } = test.description;
    const { projectId, apiKey } = await addTenant(test.platform, 'scripted');
    const url = test.description.projectUrl.replace(test.description.projectId, projectId);
    const socket = await ResponseSocketClient.open({ url, apiKey }, test.schema);
    const counts = (): Promise<number[]> =>
      Promise.all(
        ['response', 'item', 'response_event'].map((table) => countResponseRows({ databaseUrl, projectId }, table)),
      );
    const { response: first } = await socket.respond(turn('one'));
    const { response: second } = await socket.respond(turn('two', { previous_response_id: first.id }));
    const { response: third } = await socket.respond(turn('three', { previous_response_id: second.id }));
    expect(second.previous_response_id).toBe(first.id);
    expect(third.previous_response_id).toBe(second.id);
    expect(tokens(second)).toBeGreaterThan(tokens(first));
    expect(tokens(third)).toBeGreaterThan(tokens(second));
    expect(await counts()).toEqual([0, 0, 0]);
    const fresh = await socket.respond({ input: say('three') });
    expect(tokens(fresh.response)).toBeLessThan(tokens(second));
    // What is stored is counted.
    expect((await counts()).slice(0, 2)).toEqual([1, 2]);
  });

  it('continues the latest response only', async () => {
    const socket = await connect();
    const { response: first } = await socket.respond(turn('one'));
    await socket.respond(turn('two', { previous_response_id: first.id }));
    socket.create(turn('three', { previous_response_id: first.id }));
    expect(await socket.nextError()).toMatchObject({
      ...{ status: 400, error: { code: 'previous_response_not_found', param: 'previous_response_id' } },
    });
  });

  it.each([
    ['an error', { temperature: 9 }, 'error'],
    ['a failed response', { input: scriptedText({ tokens: 9, failAfter: 4 }) }, 'response.failed'],
  ])('cannot be continued after %s', async (_, fields, type) => {
    const socket = await connect();
    const { response: first } = await socket.respond(turn('one'));
    socket.create(turn('two', { previous_response_id: first.id, ...fields }));
    if (type === 'error') await socket.nextError();
    else expect((await socket.read()).response.status).toBe('failed');
    socket.create(turn('two', { previous_response_id: first.id }));
    expect(await socket.nextError()).toMatchObject({ error: { code: 'previous_response_not_found' } });
    // With the whole context, it goes on.
    expect((await socket.respond(turn('all of it'))).text).toBe('all of it');
  });

  it('is not known to other connections, and not after a reconnection', async () => {
    const socket = await connect();
    const { response } = await socket.respond(turn('one'));
    const other = await connect();
    other.create(turn('two', { previous_response_id: response.id }));
    expect(await other.nextError()).toMatchObject({ error: { code: 'previous_response_not_found' } });
    await socket.close();
    const again = await connect();
    again.create(turn('two', { previous_response_id: response.id }));
    expect(await again.nextError()).toMatchObject({ error: { code: 'previous_response_not_found' } });
  });

  it('can be forked to another stream', async () => {
    const socket = await connect();
    const { response: root } = await socket.respond(turn('root', { stream_id: 'main' }));
    const fork = await socket.respond(turn('fork', { stream_id: 'fork', previous_response_id: root.id }));
    const main = await socket.respond(turn('main', { stream_id: 'main', previous_response_id: root.id }));
    expect(tokens(fork.response)).toBeGreaterThan(tokens(root));
    expect(tokens(main.response)).toBeGreaterThan(tokens(root));
    // What has been continued on its own stream, is replaced.
    socket.create(turn('late', { stream_id: 'fork', previous_response_id: root.id }));
    expect(await socket.nextError('fork')).toMatchObject({ error: { code: 'previous_response_not_found' } });
  });

  it('begins with a stored response', async () => {
    const socket = await connect();
    const { response: stored } = await socket.respond({ input: say('stored') });
    const { response: second } = await socket.respond(turn('two', { previous_response_id: stored.id }));
    const { response: third } = await socket.respond(turn('three', { previous_response_id: second.id }));
    expect(tokens(second)).toBeGreaterThan(tokens(stored));
    expect(tokens(third)).toBeGreaterThan(tokens(second));
  });

  it('ends with a stored response, which has all of its items', async () => {
    const socket = await connect();
    const { response: first } = await socket.respond(turn('one'));
    const last = await socket.respond({ input: say('two'), previous_response_id: first.id });
    const openai = new OpenAI({ baseURL: test.description.projectUrl, apiKey: test.description.apiKey });
    const items = await all(openai.responses.inputItems.list(last.response.id, { order: 'asc' }));
    expect(items.map((item) => (item as { role?: string }).role)).toEqual(['user', 'assistant', 'user']);
    const next = await openai.responses.create({
      ...{ model: 'chat', input: say('three'), previous_response_id: last.response.id },
    });
    expect(tokens(next)).toBeGreaterThan(tokens(last.response));
  });

  it('begins with `generate: false`, without output and usage', async () => {
    const socket = await connect();
    const warm = await socket.respond(turn('context', { generate: false, instructions: 'Be brief.' }));
    expect(warm.events.map(({ type }) => type)).toEqual([
      'response.created',
      'response.in_progress',
      'response.completed',
    ]);
    expect(warm.response).toMatchObject({ status: 'completed', output: [], usage: { output_tokens: 0 } });
    const { response: next } = await socket.respond(turn('now', { previous_response_id: warm.response.id }));
    const alone = await socket.respond(turn('now'));
    expect(tokens(next)).toBeGreaterThan(tokens(alone.response));
  });

  it.each([NONE, 'resp_1'])('cannot continue %s', async (previous_response_id) => {
    const socket = await connect();
    socket.create(turn('x', { previous_response_id }));
    expect(await socket.nextError()).toMatchObject({ status: 400, error: { code: 'previous_response_not_found' } });
  });

  it('names the item of its own input that is invalid', async () => {
    const socket = await connect();
    const { response } = await socket.respond(turn('one'));
    const input = [
      { role: 'user', content: say('x') },
      { type: 'item_reference', id: `msg_${'0'.repeat(48)}` },
    ];
    socket.create({ store: false, previous_response_id: response.id, input });
    expect(await socket.nextError()).toMatchObject({
      status: 404,
      error: { code: 'item_not_found', param: 'input[1].id' },
    });
  });
});

describe('another project', () => {
  it('cannot continue responses of this one', async () => {
    const other = await addTenant(test.platform, 'scripted');
    const url = test.description.projectUrl.replace(test.description.projectId, other.projectId);
    const ours = await connect();
    const { response: stored } = await ours.respond({ input: say('ours') });
    const { response: kept } = await ours.respond({ store: false, input: say('ours') });
    const theirs = await ResponseSocketClient.open({ url, apiKey: other.apiKey });
    for (const { id } of [stored, kept]) {
      theirs.create({ input: say('x'), previous_response_id: id });
      expect(await theirs.nextError()).toMatchObject({ error: { code: 'previous_response_not_found' } });
    }
    expect((await ours.respond({ store: false, input: say('x'), previous_response_id: kept.id })).text).toBe('x');
  });
});
