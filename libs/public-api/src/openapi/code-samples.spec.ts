import { operations } from '../operations/operations.ts';
import type { OperationDefinition } from '../operation/define-operation.ts';
import { codeSamples, SAMPLE_BASE_URL } from './code-samples.ts';

function operation(operationId: string, more: Partial<OperationDefinition> = {}): OperationDefinition {
  const common = { method: 'post', path: '/', permission: 'inference:write', tag: 'Chat', summary: '', errors: [] };
  const sdk = operations.find((each: OperationDefinition) => each.operationId === operationId)?.sdk;
  return { ...(common as unknown as OperationDefinition), operationId, ...(sdk && { sdk }), ...more };
}

function sourcesOf(path: string, sampled: OperationDefinition): string[] {
  return codeSamples(sampled, path).map(({ source }) => source.replaceAll(SAMPLE_BASE_URL, 'https://api.test'));
}

describe('codeSamples', () => {
  it('calls the method of the OpenAI SDKs', () => {
    const example = { model: 'm', messages: [{ role: 'user', content: "it's" }], stream: false, stop: null };
    const [curl, python, node] = sourcesOf('/v1/chat/completions', operation('createChatCompletion', { example }));
    expect(curl).toMatch(
      /^curl "https:\/\/api\.test\/v1\/chat\/completions" \\\n {2}-H "Authorization: Bearer \$API_KEY"/,
    );
    expect(curl).toContain("it'\\''s");
    expect(python).toContain('OpenAI(base_url="https://api.test/v1", api_key=os.environ["API_KEY"])');
    expect(python).toContain(
      'client.chat.completions.create(\n    model="m",\n    messages=[\n        {"role": "user", "content": "it\'s"},\n    ],\n    stream=False,\n    stop=None,\n)',
    );
    expect(node).toContain("new OpenAI({ baseURL: 'https://api.test/v1', apiKey: process.env.API_KEY })");
    expect(node).toContain(
      "client.chat.completions.create({\n  model: 'm',\n  messages: [\n    { role: 'user', content: 'it\\'s' },\n  ],\n  stream: false,\n  stop: null,\n})",
    );
  });

  it('sends the cookie of a session instead of a key, and the origin with a change', () => {
    const session = { permission: null, auth: 'session' } as const;
    const [get, ...others] = sourcesOf('/api/v1/account', operation('getAccount', { ...session, method: 'get' }));
    expect(get).toBe('curl "https://api.test/api/v1/account" \\\n  -H "Cookie: __Host-session=$SESSION"');
    expect(others).toEqual([]);
    const [post] = sourcesOf('/api/v1/sessions', operation('createSession', { permission: null, auth: 'none' }));
    expect(post).toContain('-H "Origin: https://api.test"');
    expect(post).not.toContain('Cookie');
  });

  it('uses the generic methods of the SDKs for other operations, with the version of the path', () => {
    const example = { query: 'q', documents: ['a'] };
    const [curl, python, node] = sourcesOf('/v2/rerank', operation('rerankV2', { example }));
    expect(curl).toContain('"https://api.test/v2/rerank"');
    expect(python).toContain('base_url="https://api.test/v2"');
    expect(python).toContain('client.post(\n    "/rerank",\n    cast_to=object,\n    body={');
    expect(node).toContain("baseURL: 'https://api.test/v2'");
    expect(node).toContain("client.post('/rerank', {\n  body: {\n    query: 'q',\n    documents: ['a'],\n  },\n})");
  });

  it('sends no body if the operation has none', () => {
    const [, python, node] = sourcesOf('/v1/things', operation('listThings', { method: 'get' }));
    expect(python).toContain('client.get(\n    "/things",\n    cast_to=object,\n)');
    expect(node).toContain("client.get('/things');");
  });

  it('sends a form that consists of a file', () => {
    const form = { files: [{ name: 'data', min: 1, max: 1 }] };
    const [, , node] = sourcesOf('/v1/uploads/{upload}/parts', operation('addUploadPart', form));
    expect(node).toContain("('UPLOAD_ID', {\n  data: createReadStream('part.bin'),\n})");
  });

  it('sends a form with its file', () => {
    const form = { files: [{ name: 'file', min: 1, max: 1 }], example: { model: 'm' } };
    const [curl, python, node] = sourcesOf('/v1/audio/transcriptions', operation('createTranscription', form));
    expect(curl).toContain('-F "file=@audio.mp3" \\\n  -F "model=m"');
    expect(python).toContain('file=open("audio.mp3", "rb"),\n    model="m"');
    expect(node).toMatch(/^import \{ createReadStream \}/);
    expect(node).toContain("file: createReadStream('audio.mp3'),\n  model: 'm'");
  });

  it('uses placeholders for ids in the path, and an explicit method if it is not the default', () => {
    const [curl, python, node] = sourcesOf(
      '/v1/chat/completions/{completion}',
      operation('deleteChatCompletion', { method: 'delete' }),
    );
    expect(curl).toMatch(/^curl -X DELETE "https:\/\/api\.test\/v1\/chat\/completions\/COMPLETION_ID"/);
    expect(python).toContain('client.chat.completions.delete("COMPLETION_ID")');
    expect(node).toContain("client.chat.completions.delete('COMPLETION_ID')");
  });

  it('states the method of a request with a body, unless it is POST', () => {
    const put = operation('setThing', { method: 'put', example: { size: 1 } });
    const [curl, python, node] = sourcesOf('/v1/things/{thing}', put);
    expect(curl).toMatch(/^curl -X PUT "https:\/\/api\.test\/v1\/things\/THING_ID" /);
    expect(python).toContain('client.put(\n    "/things/THING_ID",');
    expect(node).toContain("client.put('/things/THING_ID', {\n  body: { size: 1 },\n})");
  });

  it('returns only curl, without a key, for public operations', () => {
    const open = operation('getOpenapiDocument', { method: 'get', permission: null });
    expect(sourcesOf('/openapi.json', open)).toEqual(['curl "https://api.test/openapi.json"']);
  });

  it('puts project and endpoint into the base URL of the client', () => {
    const [curl, python, node] = sourcesOf(
      '/{project}/{endpoint}/v1/models',
      operation('listModels', { method: 'get' }),
    );
    expect(curl).toContain('"https://api.test/PROJECT_ID/ENDPOINT_ID/v1/models"');
    expect(python).toContain('base_url="https://api.test/PROJECT_ID/ENDPOINT_ID/v1"');
    expect(node).toContain('client.models.list()');
  });
});
