/**
 * The public HTTP interface: whatever is sent to it, the response is a JSON error with a request id, and the next request is
 * served normally.
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

/** Expects the error envelope as JSON, with a request id. */
function expectErrorResponse({ status, headers, body }: RawResponse, expectedStatus: number): void {
  expect({ status, body }).toMatchObject({ status: expectedStatus });
  expect(headers['content-type']).toContain('application/json');
  expect(headers['x-request-id']).toMatch(/^req_/);
  test.schema.expectValid('ErrorResponse', JSON.parse(body));
}

/** Returns a chat request of exactly `bytes` bytes. */
function bodyOfBytes(bytes: number, character = 'x'): string {
  const wrap = (padding: string): string =>
    JSON.stringify(
      scripted(
        { tokens: 2, promptTokens: 1 },
        {
          messages: [
            { role: 'user', content: padding },
            { role: 'user', content: '[[script {"tokens":2,"promptTokens":1}]]' },
          ],
        },
      ),
    );
  const left = bytes - Buffer.byteLength(wrap(''));
  const width = Buffer.byteLength(character);
  return wrap(character.repeat(Math.floor(left / width)) + 'x'.repeat(left % width));
}

describe('body that is not a chat request', () => {
  it.each(['"text"', '[]', '[{"model":"scripted"}]', '42', 'null', 'true'])('returns 400 for %s', async (body) => {
    expectError(await test.api.rejected(body), 400, 'invalid_request', null);
  });

  it.each(['', '{', '{"model":"scripted",}', 'model=scripted', '{"model":"a"}{', '\u0000', '{"a":"\ud83d'])(
    'returns 400 json_parse_error for %j',
    async (body) => {
      expectError(await test.api.rejected(body), 400, 'json_parse_error', null);
    },
  );

  it('returns 400 for excessive nesting of objects or arrays', async () => {
    for (const body of ['['.repeat(100_000), `{"model":"scripted","messages":${'[{"a":'.repeat(50_000)}`]) {
      expectError(await test.api.rejected(body), 400, 'invalid_request', null);
    }
    const { length } = (await test.api.chat(scripted({ tokens: 1 }))).body.choices;
    expect(length).toBe(1);
  });

  it('does not pollute prototypes with special JavaScript names', async () => {
    const body = JSON.stringify(scripted({ tokens: 2 })).replace('{', '{"__proto__":{"n":9},"constructor":{"x":1},');
    const response = await test.api.chat(JSON.parse(body));
    expect(response.body.choices).toHaveLength(1);
    expect((await test.api.post(body)).status).toBe(200);
  });
});

describe('body size', () => {
  it.each([
    ['1 MiB, more than the maximum NATS message', MIB + 1, 'x'],
    ['32 MiB, the maximum', BODY_BYTES_MAX, 'x'],
    ['32 MiB of four-byte characters', BODY_BYTES_MAX, '😀'],
  ])('of %s is accepted', async (_, bytes, character) => {
    const body = bodyOfBytes(bytes, character);
    expect(Buffer.byteLength(body)).toBe(bytes);
    const response = await test.api.post(body);
    expect(response.status).toBe(200);
    expect(contentOf(response as never)).toBe(numberedTokens(2));
  });

  it('returns 413 for a larger Content-Length, before the body is sent', async () => {
    const head = postText(chatUrl(), test.description.apiKey, '').replace(
      /Content-Length: 0/,
      `Content-Length: ${BODY_BYTES_MAX + 1}`,
    );
    expectErrorResponse(await rawExchange(test.description.baseUrl, head), 413);
  });

  it('returns 413 for a chunked body that turns out to be larger', async () => {
    const head = postText(chatUrl(), test.description.apiKey, '').replace(
      /Content-Length: 0/,
      'Transfer-Encoding: chunked',
    );
    const chunk = Buffer.concat([Buffer.from(`${MIB.toString(16)}\r\n`), Buffer.alloc(MIB, 'x'), Buffer.from('\r\n')]);
    const chunks = Array.from({ length: 33 }, () => chunk);
    expectErrorResponse(await rawExchange(test.description.baseUrl, head, ...chunks), 413);
  });
});

describe('media type of a body', () => {
  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/xml'])(
    'returns 415 for %s',
    async (type) => {
      const response = await test.api.rejected(JSON.stringify(scripted({})), { headers: { 'content-type': type } });
      expectError(response, 415, 'unsupported_media_type', null);
    },
  );

  it('returns 415 when it is missing', async () => {
    const text = postText(chatUrl(), test.description.apiKey, JSON.stringify(scripted({}))).replace(
      /Content-Type.*\r\n/,
      '',
    );
    expectErrorResponse(await rawExchange(test.description.baseUrl, text), 415);
  });

  it('returns 415 for a compressed body', async () => {
    for (const encoding of ['gzip', 'br', 'foo']) {
      const response = await test.api.rejected(scripted({ tokens: 1 }), { headers: { 'content-encoding': encoding } });
      expectError(response, 415, 'unsupported_media_type', null);
    }
    await test.api.chat(scripted({ tokens: 1 }), { headers: { 'content-encoding': 'identity' } });
  });

  it('is accepted without a body where none is required, and with an unsupported method', async () => {
    const headers = { authorization: `Bearer ${test.description.apiKey}`, 'content-type': 'application/json' };
    const status = async (method: string, path: string): Promise<number> =>
      (await fetch(`${test.api.endpointUrl}/${path}`, { method, headers })).status;
    const { id } = (await test.api.chat(scripted({ tokens: 1 }, { store: true }))).body;
    expect(await status('PUT', `chat/completions/${id}`)).toBe(405);
    expect(await status('DELETE', `chat/completions/${id}`)).toBe(200);
    expect(await status('DELETE', `chat/completions/${id}`)).toBe(404);
    expect(await status('POST', 'chat/completions/chatcmpl-x')).toBe(404);
  });

  it('accepts a charset', async () => {
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    expect((await test.api.chat(scripted({ tokens: 1 }), { headers })).status).toBe(200);
  });
});

describe('method that a path does not support', () => {
  const rejection = (method: string, url: string): Promise<ApiResponse<ErrorBody>> =>
    test.api.request<ErrorBody>(method, url, 'ErrorResponse' satisfies SchemaName);

  it.each(['PUT', 'DELETE', 'PATCH'])('%s of chat completions returns 405 with Allow', async (method) => {
    const response = await rejection(method, chatUrl());
    expectError(response, 405, 'method_not_allowed', null);
    expect(response.headers.get('allow')?.split(', ').sort()).toEqual(['GET', 'HEAD', 'POST']);
  });

  it.each([
    ['the models of an endpoint', () => `${test.api.endpointUrl}/models`],
    ['the models of a project', () => `${test.api.projectUrl}/models`],
    ['one model', () => `${test.api.endpointUrl}/models/scripted`],
    ['one model with a slash in its name', () => `${test.api.projectUrl}/models/some/model`],
  ])('DELETE of %s returns 405 with Allow', async (_, url) => {
    const response = await rejection('DELETE', url());
    expectError(response, 405, 'method_not_allowed', null);
    expect(response.headers.get('allow')).toContain('GET');
  });
});

describe('unknown path', () => {
  it.each<[string, string]>([
    ['/favicon.ico', 'A base URL is /v1, /{project}/v1 or /{project}/{endpoint}/v1.'],
    ['/chat/completions', 'Did you mean /v1/chat/completions?'],
    ['/PROJECT/chat/completions', 'Did you mean /PROJECT/v1/chat/completions?'],
    ['/PROJECT/chat/v1', 'This is a base URL'],
    ['/PROJECT/chat/v1/completions', 'use /PROJECT/chat/v1/chat/completions'],
    ['/responses', 'Did you mean /v1/responses?'],
    ['/PROJECT/chat/v1/moderations', 'The /moderations API is not supported'],
    ['/PROJECT/chat/v2/chat/completions', 'Did you mean /PROJECT/chat/v1/chat/completions?'],
    ['/v1/v1/chat/completions', 'Did you mean /v1/chat/completions?'],
    ['/PROJECT/chat/v1/v1/chat/completions', 'Did you mean /PROJECT/chat/v1/chat/completions?'],
    ['/PROJECT/v1/v1/chat/completions', 'Did you mean /PROJECT/v1/chat/completions?'],
    ['/PROJECT/chat/v1/chat/completions/extra/parts', 'The base URL is correct'],
    ['/PROJECT/../../etc/passwd', 'A base URL is /v1'],
  ])('%s returns 404 with the hint: %s', async (path, hint) => {
    const ofProject = (text: string): string => text.replaceAll('PROJECT', test.description.projectId);
    for (const method of ['GET', 'POST']) {
      const response = await test.api.request<ErrorBody>(method, test.description.baseUrl + ofProject(path), undefined);
      expectError(response, 404, 'unknown_url', null);
      expect(response.body.error.message).toContain(ofProject(hint));
    }
  });
});

describe('path with additional slashes', () => {
  const url = (path: string): string => test.description.baseUrl + path.replace('PROJECT', test.description.projectId);

  it.each(['/PROJECT/chat/v1/chat/completions/', '/PROJECT/chat/v1//chat/completions', '//v1/chat/completions//'])(
    'is normalized: %s',
    async (path) => {
      const body = scripted({ tokens: 2 }, { model: 'chat' });
      const response = await test.api.request<Completion>('POST', url(path), 'CreateChatCompletionResponse', body);
      expect([response.status, contentOf(response)]).toEqual([200, numberedTokens(2)]);
    },
  );

  it.each(['/PROJECT/chat/v1/models/', '/PROJECT/v1//models/', '/v1/models/', '//v1/models', '/v1/models/?x=//'])(
    'is normalized: %s',
    async (path) => {
      const { body } = await test.api.get<{ data: object[] }>(url(path), 'ListModelsResponse');
      expect(body.data).toMatchObject([{ id: 'scripted' }]);
    },
  );

  it.each(['/docs/', '/openapi.json/', '//docs'])('is normalized without authentication: %s', async (path) => {
    expect((await fetch(url(path))).status).toBe(200);
  });

  it.each(['/v1%2Fmodels', '/PROJECT%2Fv1/models', '/v1/models%2f', '/PROJECT/chat/v1/chat%2Fcompletions'])(
    'is not normalized when they are percent-encoded: %s',
    async (path) => {
      const response = await test.api.request<ErrorBody>('GET', url(path), undefined);
      expect(response.status).toBe(404);
    },
  );

  it('is the same with other percent-encoded characters', async () => {
    expect((await test.api.get(url('/v1/m%6Fdels/'), 'ListModelsResponse')).status).toBe(200);
  });
});

describe('path /', () => {
  it('returns the API description with its base URLs, without authentication', async () => {
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

  it('supports only GET and HEAD', async () => {
    const response = await test.api.request<ErrorBody>('POST', `${test.description.baseUrl}/`, undefined, {});
    expectError(response, 405, 'method_not_allowed', null);
    expect(response.headers.get('allow')?.split(', ').sort()).toEqual(['GET', 'HEAD']);
  });
});

describe('malformed HTTP', () => {
  it.each<[string, number, string]>([
    ['nonsense', 400, 'nonsense\r\n\r\n'],
    ['a malformed header', 400, 'GET / HTTP/1.1\r\nHost: x\r\nno colon here\r\n\r\n'],
    [
      'two Content-Length headers',
      400,
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx',
    ],
    ['a header of 64 kB', 400, `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(65_536)}\r\n\r\n`],
  ])('%s returns %d with the error envelope', async (_, status, text) => {
    expectErrorResponse(await rawExchange(test.description.baseUrl, text), status);
  });

  it.each<[string, number, string]>([
    ['a path with an invalid percent-encoding', 400, '/%E0%A4%A/chat/v1/models'],
    ['an invalid project id', 404, `/proj_${'X'.repeat(80)}/chat/v1/models`],
    ['a very long project id', 400, `/proj_${'X'.repeat(2_000)}/chat/v1/models`],
    ['an invalid endpoint slug', 404, `/PROJECT/${'x'.repeat(80)}/v1/models`],
    ['an endpoint slug with a NUL', 404, '/PROJECT/ch%00at/v1/models'],
    ['a very long model name', 404, `/PROJECT/chat/v1/models/${'x'.repeat(2_000)}`],
  ])('%s returns %d with the error envelope', async (_, status, path) => {
    const { apiKey, baseUrl, projectId } = test.description;
    const text = `GET ${path.replace('PROJECT', projectId)} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${apiKey}\r\nConnection: close\r\n\r\n`;
    expectErrorResponse(await rawExchange(baseUrl, text), status);
  });
});

describe('Authorization header', () => {
  it.each([
    ['empty', ''],
    ['only a scheme', 'Bearer'],
    ['of another scheme', 'Basic dTpw'],
    ['two keys', 'Bearer a b'],
    ['very long', `Bearer ${'x'.repeat(2_000)}`],
  ])('returns 401 when it is %s', async (_, authorization) => {
    const response = await test.api.rejected(scripted({}), { key: null, headers: { authorization } });
    expectError(response, 401, 'invalid_api_key', null);
  });

  it('is checked before the body', async () => {
    expectError(await test.api.rejected('{', { key: null }), 401, 'invalid_api_key', null);
    expectError(await test.api.rejected('{', { key: test.description.managementKey }), 403, 'scope_insufficient', null);
  });

  it('accepts the scheme in any letter case', async () => {
    const headers = { authorization: `bearer ${test.description.apiKey}` };
    expect((await test.api.chat(scripted({ tokens: 1 }), { key: null, headers })).status).toBe(200);
  });
});

describe('request id', () => {
  it('is generated and cannot be set by the client', async () => {
    const response = await test.api.chat(scripted({ tokens: 1 }), { headers: { 'x-request-id': 'mine' } });
    expect(response.requestId).not.toBe('mine');
  });
});

describe('connection', () => {
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

  it('receives each event in one chunk', async () => {
    const body = JSON.stringify(scripted({ tokens: 10, delayMs: 5 }, { stream: true }));
    const response = await rawExchange(test.description.baseUrl, postText(chatUrl(), test.description.apiKey, body));
    const pieces = httpChunksOf(response.body);
    expect(pieces.length).toBeGreaterThan(8);
    expect(pieces.every((piece) => piece.startsWith('data: ') && piece.endsWith('\n\n'))).toBe(true);
  });

  it('with a slow reader applies backpressure to the worker, and receives everything', async () => {
    const tokens = 200_000;
    const body = JSON.stringify(
      scripted({ tokens, promptTokens: 1 }, { stream: true, stream_options: { include_usage: true } }),
    );
    // A heartbeat may still report the previous test.
    await test.fleet.allIdle();
    const socket = open(test.description.baseUrl);
    socket.write(postText(chatUrl(), test.description.apiKey, body));
    await once(socket, 'readable');
    socket.pause();
    // Without a reader the worker cannot finish, although it could generate everything at once: its slot stays taken.
    const busy = await test.fleet.busyWorker();
    await eventually('another heartbeat', () =>
      test.fleet.workers.some(({ receivedAt }) => receivedAt > busy.receivedAt + 1_500),
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
