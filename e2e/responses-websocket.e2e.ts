/** Responses on a WebSocket: frames, streams, limits, and how it ends. */
import { scriptedPlatform } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { once } from 'node:events';
import OpenAI from 'openai';
import { ResponsesWS } from 'openai/resources/responses/ws';
import { scripted } from './support/api-client.ts';
import { open } from './support/raw-http.ts';
import { closeSockets, rejectionOf, ResponseSocketClient } from './support/response-socket.ts';
import { scriptedText } from './support/responses-client.ts';
import { SecondKey } from './support/second-key.ts';
import { addTenant } from './support/tenant.ts';
import { testPlatform } from './support/test-platform.ts';

const PER_KEY_MAX = 5;

// A gateway of its own, with few WebSockets per key.
const test = testPlatform(() => ({
  ...scriptedPlatform({ slots: 8 }),
  env: { WEBSOCKETS_PER_KEY_MAX: String(PER_KEY_MAX), WEBSOCKETS_PER_PROJECT_MAX: '8' },
}));
afterEach(closeSockets);

const target = (apiKey = test.description.apiKey): { url: string; apiKey: string } => ({
  url: test.description.projectUrl,
  apiKey,
});
const connect = (): Promise<ResponseSocketClient> => ResponseSocketClient.open(target(), test.schema);
const say = (text: string): string => scriptedText({ text });
const endless = scriptedText({ tokens: 5_000, delayMs: 20 });

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const value of values) found.push(value);
  return found;
}

describe('a request for a WebSocket', () => {
  it('is accepted on the base URLs of a project, of an endpoint, and of a key', async () => {
    const { projectUrl, baseUrl, apiKey } = test.description;
    for (const url of [projectUrl, test.api.endpointUrl, `${baseUrl}/v1`, `${projectUrl}/`]) {
      const socket = await ResponseSocketClient.open({ url, apiKey }, test.schema);
      expect(socket.requestId).toMatch(/^req_/);
      const { response } = await socket.respond({ input: say('hello') });
      expect(response).toMatchObject({ status: 'completed', store: true, background: false });
      await socket.close();
    }
  });

  it('has the rejections of any other request', async () => {
    const { projectUrl, apiKey, managementKey } = test.description;
    const cases: [string | undefined, string, number, string][] = [
      [undefined, projectUrl, 401, 'invalid_api_key'],
      [`${apiKey}x`, projectUrl, 401, 'invalid_api_key'],
      [managementKey, projectUrl, 403, 'scope_insufficient'],
      [apiKey, projectUrl.replace('/v1', '/none/v1'), 404, 'endpoint_not_found'],
      [apiKey, projectUrl.replace('/v1', '/v2'), 404, 'unknown_url'],
    ];
    for (const [key, url, status, code] of cases)
      expect(await rejectionOf(url, key)).toMatchObject({
        ...{ status, error: { code } },
        headers: { 'x-request-id': expect.stringMatching(/^req_/), 'content-type': expect.stringContaining('json') },
      });
    const other = await addTenant(test.platform, 'scripted');
    expect(await rejectionOf(projectUrl, other.apiKey)).toMatchObject({
      ...{ status: 404, error: { code: 'project_not_found' } },
    });
  });

  it.each<[string, Record<string, string>, number, string]>([
    ['that is no upgrade', {}, 426, 'upgrade_required'],
    ['to another protocol', { connection: 'Upgrade', upgrade: 'h2c' }, 426, 'upgrade_required'],
    ['without a key of the handshake', { connection: 'Upgrade', upgrade: 'websocket' }, 400, 'invalid_request'],
  ])('%s is rejected', async (_, headers, status, code) => {
    const { projectUrl, apiKey } = test.description;
    const { host, pathname } = new URL(projectUrl);
    const lines = Object.entries({ host, authorization: `Bearer ${apiKey}`, ...headers });
    const socket = open(projectUrl);
    socket.write(
      `GET ${pathname}/responses HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
    );
    let text = '';
    for await (const part of socket) {
      text += String(part);
      if (text.includes('"code"')) break;
    }
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(text).toContain(`"code":"${code}"`);
  });

  it('with an invalid header is rejected, which names it', async () => {
    const { projectUrl, apiKey } = test.description;
    for (const name of ['X-SLO-TTFT-Ms', 'X-Client-Request-Id'])
      expect(await rejectionOf(projectUrl, apiKey, { headers: { [name]: 'é' } })).toMatchObject({
        ...{ status: 400, error: { code: 'invalid_request', param: name } },
      });
    const headers = { 'X-SLO-TTFT-Ms': '500', 'X-Client-Request-Id': 'mine' };
    const socket = await ResponseSocketClient.open(target(), test.schema, { headers });
    expect((await socket.respond({ input: say('x') })).text).toBe('x');
  });

  it('to another protocol is otherwise ignored', async () => {
    const { projectUrl, apiKey } = test.description;
    const { host, pathname } = new URL(projectUrl);
    const socket = open(projectUrl);
    socket.write(
      `GET ${pathname}/models HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${apiKey}\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n`,
    );
    const [part] = await once(socket, 'data');
    expect(String(part as Buffer)).toMatch(/^HTTP\/1.1 200 /);
  });

  it('too many of a key are a 429, until one is closed', async () => {
    const sockets = await Promise.all(Array.from({ length: PER_KEY_MAX }, connect));
    const rejection = await rejectionOf(test.description.projectUrl, test.description.apiKey);
    expect(rejection).toMatchObject({ status: 429, error: { code: 'websocket_connection_limit_reached' } });
    expect(rejection.headers['retry-after']).toBe('1');
    // HTTP is not affected.
    expect((await test.api.chat(scripted({ tokens: 1 }))).status).toBe(200);
    await sockets[0]?.close();
    await eventually('another one is accepted', connect);
  });

  it('too many of a project are a 429', async () => {
    const second = await SecondKey.create(test.description);
    await Promise.all(Array.from({ length: PER_KEY_MAX }, connect));
    await Promise.all(Array.from({ length: 3 }, () => ResponseSocketClient.open(target(second.value))));
    expect(await rejectionOf(test.description.projectUrl, second.value)).toMatchObject({
      ...{ status: 429, error: { code: 'websocket_connection_limit_reached' } },
    });
  });
});

describe('a message', () => {
  it.each<[string, string | Buffer, string, string | null]>([
    ['no JSON', '{"type":', 'invalid_json', null],
    ['empty', '', 'invalid_json', null],
    ['binary', Buffer.from('{"type":"response.create"}'), 'invalid_json', null],
    ['no object', '[]', 'invalid_request', null],
    ['null', 'null', 'invalid_request', null],
    ['too deep', `${'['.repeat(100)}${']'.repeat(100)}`, 'invalid_request', null],
    ['an unknown event', '{"type":"response.steer"}', 'unknown_event_type', 'type'],
    ['without a type', '{}', 'unknown_event_type', 'type'],
    ['with a type that is no text', '{"type":7}', 'unknown_event_type', 'type'],
    ['an empty stream_id', '{"type":"response.create","stream_id":""}', 'invalid_stream_id', 'stream_id'],
    ['a stream_id with spaces', '{"type":"response.create","stream_id":"a b"}', 'invalid_stream_id', 'stream_id'],
    ['a stream_id that is no text', '{"type":"response.create","stream_id":1}', 'invalid_stream_id', 'stream_id'],
    ['without a model', '{"type":"response.create"}', 'invalid_request', 'model'],
  ])('%s is an error, and the WebSocket stays open', async (_, message, code, param) => {
    const socket = await connect();
    socket.send(message);
    const error = await socket.nextError();
    expect(error).toMatchObject({ status: 400, error: { type: 'invalid_request_error', code, param } });
    expect(Object.keys(error).sort()).toEqual(['error', 'status', 'type']);
    expect((await socket.respond({ input: say('still here') })).text).toBe('still here');
  });

  it.each([
    ['stream', { stream: false }, 'unsupported_parameter'],
    ['background', { background: true }, 'unsupported_parameter'],
    ['x_detach', { x_detach: true }, 'unsupported_parameter'],
    ['generate', { generate: 'no' }, 'invalid_request'],
    ['temperature', { temperature: 3 }, 'invalid_request'],
    ['input[0].role', { input: [{ role: 'robot', content: 'x' }] }, 'invalid_request'],
  ])('with an invalid %s names it', async (param, fields, code) => {
    const socket = await connect();
    socket.create({ input: say('x'), stream_id: 'a', ...fields });
    expect(await socket.nextError('a')).toMatchObject({ status: 400, stream_id: 'a', error: { code, param } });
  });

  it('may say what is the case anyway', async () => {
    const socket = await connect();
    const { response } = await socket.respond({
      ...{ input: say('x'), stream: true, background: false, x_detach: null, generate: true },
      ...{ stream_options: { include_obfuscation: false } },
    });
    expect(response.status).toBe('completed');
  });

  it('for an unknown model is a 404 with its code', async () => {
    const socket = await connect();
    socket.create({ model: 'none', input: 'x' });
    expect(await socket.nextError()).toMatchObject({ status: 404, error: { code: 'model_not_found', param: 'model' } });
  });

  it('that is larger than a body closes the WebSocket with 1009', async () => {
    const socket = await connect();
    socket.send(' '.repeat(32 * 1024 * 1024 + 1));
    expect(await socket.closed).toMatchObject({ code: 1009 });
  });

  it('that is large is accepted', async () => {
    const socket = await connect();
    const input = [
      { role: 'user', content: 'x'.repeat(4_000_000) },
      { role: 'user', content: scriptedText({ text: 'large', promptTokens: 9 }) },
    ];
    socket.create({ input, truncation: 'disabled' });
    const event = await socket.next();
    // Whether the model takes it, is up to the model.
    expect(['response.created', 'error']).toContain(event.type);
    if (event.type === 'error') expect(event.error?.['code']).toBe('context_length_exceeded');
  });

  it('that is not UTF-8 closes the WebSocket with 1007', async () => {
    const socket = await connect();
    socket.webSocket.send(Buffer.from([0x22, 0xff, 0x22]), { binary: false });
    expect(await socket.closed).toMatchObject({ code: 1007 });
  });
});

describe('events', () => {
  it('are those of a stream over HTTP, one per message', async () => {
    const input = scriptedText({ tokens: 5 });
    const socket = await connect();
    const { events, text } = await socket.respond({ input, stream_options: { include_obfuscation: false } });
    const openai = new OpenAI({ baseURL: test.description.projectUrl, apiKey: test.description.apiKey });
    const streamed = await openai.responses.create({
      ...{ model: 'chat', input, stream: true, stream_options: { include_obfuscation: false } },
    });
    const types = (await all(streamed)).map(({ type }) => type);
    expect(events.map(({ type }) => type)).toEqual(types);
    expect(text).toBe('tok0 tok1 tok2 tok3 tok4 ');
  });

  it('end with response.failed if the model fails', async () => {
    const socket = await connect();
    const { events, response } = await socket.respond({ input: scriptedText({ tokens: 9, failAfter: 4 }) });
    expect(events.at(-1)?.type).toBe('response.failed');
    expect(response).toMatchObject({ status: 'failed', error: { code: 'server_error' } });
    expect((await socket.respond({ input: say('x') })).text).toBe('x');
  });

  it('end with response.incomplete at max_output_tokens', async () => {
    const socket = await connect();
    const { response } = await socket.respond({ input: scriptedText({ tokens: 99 }), max_output_tokens: 16 });
    expect(response).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
  });

  it('of a stored response can be retrieved', async () => {
    const socket = await connect();
    const { response } = await socket.respond({ input: say('kept') });
    const openai = new OpenAI({ baseURL: test.description.projectUrl, apiKey: test.description.apiKey });
    expect(await openai.responses.retrieve(response.id)).toMatchObject({ id: response.id, output_text: 'kept' });
    // In a chain, too.
    const next = await socket.respond({ input: say('next'), previous_response_id: response.id });
    expect(next.response).toMatchObject({ previous_response_id: response.id, store: true });
  });
});

describe('requests of one stream', () => {
  it('run one after another, and errors keep their place', async () => {
    const socket = await connect();
    socket.create({ input: scriptedText({ tokens: 20, delayMs: 10 }) });
    socket.create({ input: say('second'), temperature: 9 });
    socket.create({ input: say('third') });
    expect((await socket.read()).response.status).toBe('completed');
    expect(await socket.nextError()).toMatchObject({ error: { param: 'temperature' } });
    expect((await socket.read()).text).toBe('third');
  });

  it('run besides those of another stream, and name it', async () => {
    const socket = await connect();
    socket.create({ stream_id: 'slow', input: endless });
    await socket.until('response.output_text.delta', 'slow');
    for (const stream_id of ['a', 'b.2', 'a'])
      expect((await socket.respond({ stream_id, input: say('quick') })).text).toBe('quick');
    socket.create({ stream_id: 'slow', input: say('waits') });
    expect((await socket.respond({ input: say('default') })).text).toBe('default');
    expect((await socket.next('slow')).type).toMatch(/delta$/);
  });

  it('may have 32 names', async () => {
    const socket = await connect();
    for (let at = 0; at < 32; at += 1) {
      socket.create({ stream_id: `s${at}`, input: say('x'), temperature: 9 });
      await socket.nextError(`s${at}`);
    }
    socket.create({ stream_id: 's32', input: say('x') });
    expect(await socket.nextError('s32')).toMatchObject({
      ...{ status: 400, error: { code: 'websocket_stream_limit_reached', param: 'stream_id' } },
    });
    expect((await socket.respond({ stream_id: 's31', input: say('known') })).text).toBe('known');
    expect((await socket.respond({ input: say('default') })).text).toBe('default');
  });

  it('wait in a bounded number', async () => {
    const socket = await connect();
    socket.create({ stream_id: 'a', input: endless });
    await socket.until('response.output_text.delta', 'a');
    for (let at = 0; at < 64; at += 1) socket.create({ stream_id: 'a', input: say('x') });
    socket.create({ stream_id: 'b', input: say('b') });
    expect((await socket.read('b')).text).toBe('b');
    socket.create({ stream_id: 'a', input: say('one too many') });
    expect(await socket.untilError('a')).toMatchObject({ status: 429, error: { code: 'rate_limit_exceeded' } });
  });
});

describe('a WebSocket', () => {
  it('that is closed stops what runs', async () => {
    const socket = await connect();
    socket.create({ input: endless });
    socket.create({ input: endless, stream_id: 'a' });
    await socket.until('response.output_text.delta');
    await socket.until('response.output_text.delta', 'a');
    await test.fleet.busyWorker();
    socket.webSocket.terminate();
    await test.fleet.noneBusy();
  });

  it('responds to pings', async () => {
    const socket = await connect();
    const pong = new Promise((resolve) => socket.webSocket.once('pong', resolve));
    socket.webSocket.ping('x');
    expect(String(await pong)).toBe('x');
  });

  it('does not compress', async () => {
    const socket = await ResponseSocketClient.open(target(), test.schema, { perMessageDeflate: true });
    expect(socket.webSocket.extensions).toBe('');
  });

  it('with a key that was revoked begins no response, and is closed', async () => {
    const second = await SecondKey.create(test.description);
    const socket = await ResponseSocketClient.open(target(second.value), test.schema);
    expect((await socket.respond({ input: say('x') })).text).toBe('x');
    await second.revoke();
    const error = await eventually('the key is rejected', async () => {
      socket.create({ input: say('x') });
      const event = await socket.next();
      if (event.type === 'error') return event;
      await socket.until('response.completed');
      return undefined;
    });
    expect(error).toMatchObject({ status: 401, error: { code: 'invalid_api_key' } });
    expect(await socket.closed).toMatchObject({ code: 1008 });
  });

  it('has the limits of its key', async () => {
    const { projectUrl, managementKey } = test.description;
    const created = await fetch(`${projectUrl}/management/api-keys`, {
      method: 'POST',
      headers: { authorization: `Bearer ${managementKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'limited', quota: { requests: 2, window_seconds: 3_600 } }),
    });
    const { key } = (await created.json()) as { key: string };
    const socket = await ResponseSocketClient.open(target(key), test.schema);
    for (const text of ['one', 'two']) expect((await socket.respond({ input: say(text) })).text).toBe(text);
    socket.create({ input: say('three') });
    expect(await socket.nextError()).toMatchObject({
      ...{ status: 429, error: { type: 'insufficient_quota', code: 'insufficient_quota' } },
    });
    expect(socket.webSocket.readyState).toBe(socket.webSocket.OPEN);
  });

  it('whose client does not read pauses the model', async () => {
    const socket = await connect();
    await test.fleet.allIdle();
    // More than the buffers of the connection take.
    const text = Array.from({ length: 1_100 }, () => 'x'.repeat(9_000)).join(' ');
    socket.create({ store: false, input: scriptedText({ text, delayMs: 2, promptTokens: 1 }) });
    await socket.until('response.output_text.delta');
    socket.webSocket.pause();
    // Without a reader the worker cannot finish within the seconds that it needs: its slot stays taken.
    const busy = await test.fleet.busyWorker();
    await eventually('another heartbeat', () =>
      test.fleet.workers.some(({ receivedAt }) => receivedAt > busy.receivedAt + 6_000),
    );
    expect((await test.fleet.busyWorker()).active).toEqual(busy.active);
    socket.webSocket.resume();
    const { response } = await socket.until('response.completed');
    expect(response?.usage?.output_tokens).toBe(1_100);
  });
});

describe('the OpenAI SDK', () => {
  it('creates responses, continues them, and receives errors', async () => {
    const { projectUrl: baseURL, apiKey } = test.description;
    const socket = new ResponsesWS(new OpenAI({ baseURL, apiKey }));
    const events = socket.stream();
    const next = async (): Promise<{ type: string; response?: OpenAI.Responses.Response; error?: unknown }> => {
      for (;;) {
        const { value, done } = await events.next();
        if (done === true) throw new Error('the WebSocket is closed');
        if (value.type === 'message') return value.message;
        if (value.type === 'error') return { type: 'error', error: value.error.error };
      }
    };
    const respond = async (fields: object): Promise<OpenAI.Responses.Response> => {
      socket.send({ type: 'response.create', model: 'chat', store: false, ...fields });
      for (;;) {
        const event = await next();
        expect(event.type).not.toBe('error');
        if (event.type === 'response.completed') return event.response as OpenAI.Responses.Response;
      }
    };
    const first = await respond({ input: say('one'), stream_id: 'main' });
    const second = await respond({ input: say('two'), stream_id: 'main', previous_response_id: first.id });
    expect(second.previous_response_id).toBe(first.id);
    socket.send({ type: 'response.create', model: 'none', input: 'x' });
    expect(await next()).toMatchObject({ type: 'error', error: { error: { code: 'model_not_found' } } });
    socket.close();
  });
});
