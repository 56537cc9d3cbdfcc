import { codeSamples } from './code-samples.ts';
import type { DocumentedOperation } from '@xerotier/public-api/openapi';

function operation(operationId: string, mediaType?: string, example?: object): DocumentedOperation {
  return {
    operationId,
    tags: [],
    summary: '',
    parameters: [],
    responses: {},
    ...(mediaType !== undefined && { requestBody: { required: true, content: { [mediaType]: { example } } } }),
  };
}

function sourcesOf(method: string, path: string, documented: DocumentedOperation): string[] {
  return codeSamples({ method, path, operation: documented }, 'https://api.test').map(({ source }) => source);
}

describe('codeSamples', () => {
  it('calls the method of the OpenAI SDKs', () => {
    const example = { model: 'm', messages: [{ role: 'user', content: "it's" }], stream: false, stop: null };
    const [curl, python, node] = sourcesOf(
      'POST',
      '/v1/chat/completions',
      operation('createChatCompletion', 'application/json', example),
    );
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

  it('uses the generic methods of the SDKs for other operations, with the version of the path', () => {
    const [curl, python, node] = sourcesOf(
      'POST',
      '/v2/rerank',
      operation('rerankV2', 'application/json', { query: 'q', documents: ['a'] }),
    );
    expect(curl).toContain('"https://api.test/v2/rerank"');
    expect(python).toContain('base_url="https://api.test/v2"');
    expect(python).toContain('client.post(\n    "/rerank",\n    cast_to=object,\n    body={');
    expect(node).toContain("baseURL: 'https://api.test/v2'");
    expect(node).toContain("client.post('/rerank', {\n  body: {\n    query: 'q',\n    documents: ['a'],\n  },\n})");
  });

  it('sends no body if the operation has none', () => {
    const [, python, node] = sourcesOf('GET', '/v1/things', operation('listThings'));
    expect(python).toContain('client.get(\n    "/things",\n    cast_to=object,\n)');
    expect(node).toContain("client.get('/things');");
  });

  it('sends a form with its file', () => {
    const [curl, python, node] = sourcesOf(
      'POST',
      '/v1/audio/transcriptions',
      operation('createTranscription', 'multipart/form-data', { model: 'm' }),
    );
    expect(curl).toContain('-F "file=@audio.mp3" \\\n  -F "model=m"');
    expect(python).toContain('file=open("audio.mp3", "rb"),\n    model="m"');
    expect(node).toMatch(/^import \{ createReadStream \}/);
    expect(node).toContain("file: createReadStream('audio.mp3'),\n  model: 'm'");
  });

  it('uses placeholders for ids in the path, and an explicit method if it is not the default', () => {
    const [curl, python, node] = sourcesOf(
      'DELETE',
      '/v1/chat/completions/{completion}',
      operation('deleteChatCompletion'),
    );
    expect(curl).toMatch(/^curl -X DELETE "https:\/\/api\.test\/v1\/chat\/completions\/COMPLETION_ID"/);
    expect(python).toContain('client.chat.completions.delete("COMPLETION_ID")');
    expect(node).toContain("client.chat.completions.delete('COMPLETION_ID')");
  });

  it('returns only curl, without a key, for public operations', () => {
    expect(sourcesOf('GET', '/openapi.json', { ...operation('getOpenapiDocument'), security: [] })).toEqual([
      'curl "https://api.test/openapi.json"',
    ]);
  });
});
