/**
 * The edge that the world sees: whatever is sent to it, the answer is the API's own JSON with a request id, and the
 * next request is served as if nothing had happened.
 */
import { scriptedPlatform } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { once } from 'node:events';
import { numberedTokens, scripted } from './support/api-client.ts';
import type { ApiResponse, Completion, ErrorBody } from './support/api-client.ts';
import { contentOf, expectError } from './support/chat-checks.ts';
import type { SchemaName } from './support/openai-schema.ts';
import { httpChunksOf, open, postText, rawExchange } from './support/raw-http.ts';
import type { RawResponse } from './support/raw-http.ts';
import { testPlatform, withContext } from './support/test-platform.ts';

const MIB = 1024 * 1024;
const BODY_BYTES_MAX = 32 * MIB;

const test = testPlatform(() => ({ ...withContext(scriptedPlatform(), 1_000_000), gateways: 1 }));

const chatUrl = (): string => `${test.api.endpointUrl}/chat/completions`;

/** An error as every one has to be: JSON, the envelope, a request id. */
function expectErrorResponse({ status, headers, body }: RawResponse, statusWanted: number): void {
  expect({ status, body }).toMatchObject({ status: statusWanted });
  expect(headers['content-type']).toContain('application/json');
  expect(headers['x-request-id']).toMatch(/^req_/);
  test.schema.expectValid('ErrorResponse', JSON.parse(body));
}

/** A chat request of exactly so many bytes. */
function bodyOfBytes(bytes: number, character = 'x'): string {
  const wrap = (filling: string): string =>
    JSON.stringify(
      scripted(
        { tokens: 2, promptTokens: 1 },
        {
          messages: [
            { role: 'user', content: filling },
            { role: 'user', content: '[[script {"tokens":2,"promptTokens":1}]]' },
          ],
        },
      ),
    );
  const left = bytes - Buffer.byteLength(wrap(''));
  const width = Buffer.byteLength(character);
  return wrap(character.repeat(Math.floor(left / width)) + 'x'.repeat(left % width));
}

describe('a body that is no chat request', () => {
  it.each(['"text"', '[]', '[{"model":"scripted"}]', '42', 'null', 'true'])('such as %s is 400', async (body) => {
    expectError(await test.api.rejected(body), 400, 'invalid_request', null);
  });

  it.each(['', '{', '{"model":"scripted",}', 'model=scripted', '{"model":"a"}{', '\u0000', '{"a":"\ud83d'])(
    'because it is no JSON (%j) is 400, and says so',
    async (body) => {
      expectError(await test.api.rejected(body), 400, 'json_parse_error', null);
    },
  );

  it('but is nested without end is 400, as an object and as a list', async () => {
    for (const body of ['['.repeat(100_000), `{"model":"scripted","messages":${'[{"a":'.repeat(50_000)}`]) {
      expectError(await test.api.rejected(body), 400, 'invalid_request', null);
    }
    const { length } = (await test.api.chat(scripted({ tokens: 1 }))).body.choices;
    expect(length).toBe(1);
  });

  it('with names that mean something to JavaScript changes nothing', async () => {
    const body = JSON.stringify(scripted({ tokens: 2 })).replace('{', '{"__proto__":{"n":9},"constructor":{"x":1},');
    const response = await test.api.chat(JSON.parse(body));
    expect(response.body.choices).toHaveLength(1);
    expect((await test.api.post(body)).status).toBe(200);
  });
});

describe('the size of a body', () => {
  it.each([
    ['1 MiB, more than one message of the bus holds', MIB + 1, 'x'],
    ['32 MB, the largest there is', BODY_BYTES_MAX, 'x'],
    ['32 MB of characters with four bytes', BODY_BYTES_MAX, '😀'],
  ])('may be %s', async (_, bytes, character) => {
    const body = bodyOfBytes(bytes, character);
    expect(Buffer.byteLength(body)).toBe(bytes);
    const response = await test.api.post(body);
    expect(response.status).toBe(200);
    expect(contentOf(response as never)).toBe(numberedTokens(2));
  });

  it('that is announced as larger is 413, before the body is sent', async () => {
    const head = postText(chatUrl(), test.description.apiKey, '').replace(
      /Content-Length: 0/,
      `Content-Length: ${BODY_BYTES_MAX + 1}`,
    );
    expectErrorResponse(await rawExchange(test.description.baseUrl, head), 413);
  });

  it('that turns out to be larger is 413', async () => {
    const head = postText(chatUrl(), test.description.apiKey, '').replace(
      /Content-Length: 0/,
      'Transfer-Encoding: chunked',
    );
    const chunk = Buffer.concat([Buffer.from(`${MIB.toString(16)}\r\n`), Buffer.alloc(MIB, 'x'), Buffer.from('\r\n')]);
    const chunks = Array.from({ length: 33 }, () => chunk);
    expectErrorResponse(await rawExchange(test.description.baseUrl, head, ...chunks), 413);
  });
});

describe('the media type of a body', () => {
  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/xml'])(
    'that is %s is 415',
    async (type) => {
      const response = await test.api.rejected(JSON.stringify(scripted({})), { headers: { 'content-type': type } });
      expectError(response, 415, 'unsupported_media_type', null);
    },
  );

  it('that is missing is 415', async () => {
    const text = postText(chatUrl(), test.description.apiKey, JSON.stringify(scripted({}))).replace(
      /Content-Type.*\r\n/,
      '',
    );
    expectErrorResponse(await rawExchange(test.description.baseUrl, text), 415);
  });

  it('that is compressed is 415', async () => {
    for (const encoding of ['gzip', 'br', 'foo']) {
      const response = await test.api.rejected(scripted({ tokens: 1 }), { headers: { 'content-encoding': encoding } });
      expectError(response, 415, 'unsupported_media_type', null);
    }
    await test.api.chat(scripted({ tokens: 1 }), { headers: { 'content-encoding': 'identity' } });
  });

  it('may be named for no body at all, where none is needed, and where the method is wrong', async () => {
    const headers = { authorization: `Bearer ${test.description.apiKey}`, 'content-type': 'application/json' };
    const status = async (method: string, path: string): Promise<number> =>
      (await fetch(`${test.api.endpointUrl}/${path}`, { method, headers })).status;
    const { id } = (await test.api.chat(scripted({ tokens: 1 }, { store: true }))).body;
    expect(await status('PUT', `chat/completions/${id}`)).toBe(405);
    expect(await status('DELETE', `chat/completions/${id}`)).toBe(200);
    expect(await status('DELETE', `chat/completions/${id}`)).toBe(404);
    expect(await status('POST', 'chat/completions/chatcmpl-x')).toBe(404);
  });

  it('may name its character set', async () => {
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    expect((await test.api.chat(scripted({ tokens: 1 }), { headers })).status).toBe(200);
  });
});

describe('a method that a path does not have', () => {
  const rejection = (method: string, url: string): Promise<ApiResponse<ErrorBody>> =>
    test.api.request<ErrorBody>(method, url, 'ErrorResponse' satisfies SchemaName);

  it.each(['PUT', 'DELETE', 'PATCH'])('%s of chat completions is 405, and says what is allowed', async (method) => {
    const response = await rejection(method, chatUrl());
    expectError(response, 405, 'method_not_allowed', null);
    expect(response.headers.get('allow')?.split(', ').sort()).toEqual(['GET', 'HEAD', 'POST']);
  });

  it.each([
    ['the models of an endpoint', () => `${test.api.endpointUrl}/models`],
    ['the models of a project', () => `${test.api.projectUrl}/models`],
    ['one model', () => `${test.api.endpointUrl}/models/scripted`],
    ['one model with a slash in its name', () => `${test.api.projectUrl}/models/some/model`],
  ])('DELETE of %s is 405, and says what is allowed', async (_, url) => {
    const response = await rejection('DELETE', url());
    expectError(response, 405, 'method_not_allowed', null);
    expect(response.headers.get('allow')).toContain('GET');
  });
});

describe('a path that is not there', () => {
  it.each<[string, string]>([
    ['/favicon.ico', 'A base URL is /v1, /{project}/v1 or /{project}/{endpoint}/v1.'],
    ['/chat/completions', 'Did you mean /v1/chat/completions?'],
    ['/PROJECT/chat/completions', 'Did you mean /PROJECT/v1/chat/completions?'],
    ['/PROJECT/chat/v1', 'This is a base URL'],
    ['/PROJECT/chat/v1/completions', 'send messages to /PROJECT/chat/v1/chat/completions'],
    ['/v1/responses', 'send messages to /v1/chat/completions'],
    ['/PROJECT/chat/v1/moderations', 'The API of /moderations is not served'],
    ['/PROJECT/chat/v2/chat/completions', 'Did you mean /PROJECT/chat/v1/chat/completions?'],
    ['/v1/v1/chat/completions', 'Did you mean /v1/chat/completions?'],
    ['/PROJECT/chat/v1/v1/chat/completions', 'Did you mean /PROJECT/chat/v1/chat/completions?'],
    ['/PROJECT/v1/v1/chat/completions', 'Did you mean /PROJECT/v1/chat/completions?'],
    ['/PROJECT/chat/v1/chat/completions/extra/parts', 'The base URL is right'],
    ['/PROJECT/../../etc/passwd', 'A base URL is /v1'],
  ])('%s is 404 in JSON, and the hint fits: %s', async (path, hint) => {
    const ofProject = (text: string): string => text.replaceAll('PROJECT', test.description.projectId);
    for (const method of ['GET', 'POST']) {
      const response = await test.api.request<ErrorBody>(method, test.description.baseUrl + ofProject(path), undefined);
      expectError(response, 404, 'unknown_url', null);
      expect(response.body.error.message).toContain(ofProject(hint));
    }
  });
});

describe('a path with further slashes', () => {
  const url = (path: string): string => test.description.baseUrl + path.replace('PROJECT', test.description.projectId);

  it.each(['/PROJECT/chat/v1/chat/completions/', '/PROJECT/chat/v1//chat/completions', '//v1/chat/completions//'])(
    'is the same without them: %s',
    async (path) => {
      const body = scripted({ tokens: 2 }, { model: 'chat' });
      const response = await test.api.request<Completion>('POST', url(path), 'CreateChatCompletionResponse', body);
      expect([response.status, contentOf(response)]).toEqual([200, numberedTokens(2)]);
    },
  );

  it.each(['/PROJECT/chat/v1/models/', '/PROJECT/v1//models/', '/v1/models/', '//v1/models', '/v1/models/?x=//'])(
    'is the same without them: %s',
    async (path) => {
      const { body } = await test.api.get<{ data: object[] }>(url(path), 'ListModelsResponse');
      expect(body.data).toMatchObject([{ id: 'scripted' }]);
    },
  );

  it.each(['/docs/', '/openapi.json/', '//docs'])('is the same without them, for anyone: %s', async (path) => {
    expect((await fetch(url(path))).status).toBe(200);
  });

  it.each(['/v1%2Fmodels', '/PROJECT%2Fv1/models', '/v1/models%2f', '/PROJECT/chat/v1/chat%2Fcompletions'])(
    'is another one when they are encoded: %s',
    async (path) => {
      const response = await test.api.request<ErrorBody>('GET', url(path), undefined);
      expect(response.status).toBe(404);
    },
  );

  it('is the same with other letters encoded', async () => {
    expect((await test.api.get(url('/v1/m%6Fdels/'), 'ListModelsResponse')).status).toBe(200);
  });
});

describe('the path /', () => {
  it('greets anyone, and says what base URLs there are', async () => {
    const { body, status } = await test.api.request<{ base_urls: object }>(
      'GET',
      `${test.description.baseUrl}/`,
      undefined,
      undefined,
      { key: null },
    );
    expect([status, body]).toMatchObject([
      200,
      { name: 'Xerotier', base_urls: { key: '/v1' }, documentation: '/docs' },
    ]);
    const head = await fetch(test.description.baseUrl, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  it('greets with nothing else', async () => {
    const response = await test.api.request<ErrorBody>('POST', `${test.description.baseUrl}/`, undefined, {});
    expectError(response, 405, 'method_not_allowed', null);
    expect(response.headers.get('allow')?.split(', ').sort()).toEqual(['GET', 'HEAD']);
  });
});

describe('what is hardly HTTP', () => {
  it.each<[string, number, string]>([
    ['nonsense', 400, 'nonsense\r\n\r\n'],
    ['a header that is none', 400, 'GET / HTTP/1.1\r\nHost: x\r\nno colon here\r\n\r\n'],
    ['two lengths', 400, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx'],
    ['a header of 64 kB', 400, `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(65_536)}\r\n\r\n`],
  ])('%s is answered with %d in the form of the API', async (_, status, text) => {
    expectErrorResponse(await rawExchange(test.description.baseUrl, text), status);
  });

  it.each<[string, number, string]>([
    ['a path with a broken escape', 400, '/%E0%A4%A/chat/v1/models'],
    ['a project id that no project can have', 404, `/proj_${'X'.repeat(80)}/chat/v1/models`],
    ['a project id that is endless', 400, `/proj_${'X'.repeat(2_000)}/chat/v1/models`],
    ['an endpoint slug that no endpoint can have', 404, `/PROJECT/${'x'.repeat(80)}/v1/models`],
    ['an endpoint slug that holds a NUL', 404, '/PROJECT/ch%00at/v1/models'],
    ['a model name that is endless', 404, `/PROJECT/chat/v1/models/${'x'.repeat(2_000)}`],
  ])('%s is %d in the form of the API', async (_, status, path) => {
    const { apiKey, baseUrl, projectId } = test.description;
    const text = `GET ${path.replace('PROJECT', projectId)} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${apiKey}\r\nConnection: close\r\n\r\n`;
    expectErrorResponse(await rawExchange(baseUrl, text), status);
  });
});

describe('the Authorization header', () => {
  it.each([
    ['empty', ''],
    ['a word', 'Bearer'],
    ['of another scheme', 'Basic dTpw'],
    ['two keys', 'Bearer a b'],
    ['endless', `Bearer ${'x'.repeat(2_000)}`],
  ])('that is %s is 401', async (_, authorization) => {
    const response = await test.api.rejected(scripted({}), { key: null, headers: { authorization } });
    expectError(response, 401, 'invalid_api_key', null);
  });

  it('is looked at before the body is', async () => {
    expectError(await test.api.rejected('{', { key: null }), 401, 'invalid_api_key', null);
    expectError(await test.api.rejected('{', { key: test.description.managementKey }), 403, 'scope_insufficient', null);
  });

  it('may write Bearer as it likes', async () => {
    const headers = { authorization: `bearer ${test.description.apiKey}` };
    expect((await test.api.chat(scripted({ tokens: 1 }), { key: null, headers })).status).toBe(200);
  });
});

describe('the request id', () => {
  it('is made here: a client cannot choose it, nor put anything into the log by it', async () => {
    const response = await test.api.chat(scripted({ tokens: 1 }), { headers: { 'x-request-id': 'mine' } });
    expect(response.requestId).not.toBe('mine');
  });
});

describe('a connection', () => {
  it('serves a stream and then the next request', async () => {
    const socket = open(test.description.baseUrl);
    const { apiKey } = test.description;
    const body = JSON.stringify(scripted({ tokens: 2 }, { stream: true }));
    const request = postText(chatUrl(), apiKey, body).replace('Connection: close\r\n', '');
    let received = '';
    socket.on('data', (chunk) => (received += chunk.toString()));
    const ends = (): number => received.split('data: [DONE]').length - 1;
    socket.write(request);
    await eventually('the first stream has ended', () => ends() === 1);
    socket.write(request);
    await eventually('the second stream has ended', () => ends() === 2);
    socket.destroy();
  });

  it('gets each event in one piece', async () => {
    const body = JSON.stringify(scripted({ tokens: 10, delayMs: 5 }, { stream: true }));
    const response = await rawExchange(test.description.baseUrl, postText(chatUrl(), test.description.apiKey, body));
    const pieces = httpChunksOf(response.body);
    expect(pieces.length).toBeGreaterThan(8);
    expect(pieces.every((piece) => piece.startsWith('data: ') && piece.endsWith('\n\n'))).toBe(true);
  });

  it('that is read late loses nothing, and holds the worker back instead of filling memory', async () => {
    const tokens = 200_000;
    const body = JSON.stringify(
      scripted({ tokens, promptTokens: 1 }, { stream: true, stream_options: { include_usage: true } }),
    );
    // A heartbeat may still tell of the test before.
    await test.fleet.allIdle();
    const socket = open(test.description.baseUrl);
    socket.write(postText(chatUrl(), test.description.apiKey, body));
    await once(socket, 'readable');
    socket.pause();
    // Nobody reads, and the worker, which could be done in a moment, is not: its slot stays taken.
    const busy = await test.fleet.busyWorker();
    await eventually('another heartbeat', () =>
      test.fleet.workers.some(({ heardAt }) => heardAt > busy.heardAt + 1_500),
    );
    expect((await test.fleet.busyWorker()).active).toEqual(busy.active);

    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    socket.resume();
    await once(socket, 'close');
    const events = httpChunksOf(text.slice(text.indexOf('\r\n\r\n') + 4))
      .join('')
      .split('\n\n');
    expect(events.filter((event) => event.includes('"content":"tok'))).toHaveLength(tokens);
    expect(events.at(-2)).toBe('data: [DONE]');
  });
});
