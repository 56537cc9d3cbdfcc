/**
 * No field of the specification is ignored silently: each request field is in the OpenAPI document of the gateway or rejected
 * by name, and docs/api.md documents each field of a chat completion. Conversations with deprecated functions are accepted.
 */
import { projectRoot } from '@xerotier/dev';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { scripted } from './support/api-client.ts';
import type { ErrorBody } from './support/api-client.ts';
import { contentOf, expectError } from './support/chat-checks.ts';
import { ScriptedUpstream } from './support/scripted-upstream.ts';
import { testPlatform } from './support/test-platform.ts';

const upstream = new ScriptedUpstream();
const test = testPlatform(async () => {
  await upstream.start();
  return upstream.plan();
});
afterAll(() => upstream.stop());

interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly allOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
}

class Document {
  readonly #schemas: Readonly<Record<string, Schema>>;

  constructor(document: unknown) {
    this.#schemas = (document as { components: { schemas: Record<string, Schema> } }).components.schemas;
  }

  /** Returns the fields of a schema, including those of all its alternatives. */
  fields(schema: Schema | string): string[] {
    const {
      $ref,
      properties = {},
      allOf = [],
      oneOf = [],
      anyOf = [],
    } = typeof schema === 'string' ? (this.#schemas[schema] as Schema) : schema;
    if ($ref !== undefined) return this.fields($ref.slice($ref.lastIndexOf('/') + 1));
    const parts = [...allOf, ...oneOf, ...anyOf].flatMap((part) => this.fields(part));
    return [...new Set([...Object.keys(properties), ...parts])];
  }

  property(name: string, field: string): Schema {
    return this.#schemas[name]?.properties?.[field] as Schema;
  }
}

async function specification(): Promise<Document> {
  const path = join(import.meta.dirname, 'fixtures/openai-openapi.json');
  return new Document(JSON.parse(await readFile(path, 'utf8')));
}

async function gatewayDocument(): Promise<Document> {
  return new Document(await (await fetch(`${test.description.baseUrl}/openapi.json`)).json());
}

/** For every field, at least one of these values requests something. */
const PROBE_VALUES: readonly unknown[] = ['high', 'auto', ['audio'], [], {}];

/** Returns whether a value of the field is rejected by name: the field is known but not supported. */
async function isRejectedByName(field: string): Promise<boolean> {
  for (const value of PROBE_VALUES) {
    const { status, body } = await test.api.post(scripted({}, { [field]: value }));
    const { error } = body as Partial<ErrorBody>;
    if (status === 400 && error?.code === 'unsupported_parameter' && error.param === field) return true;
  }
  return false;
}

async function silentlyIgnored(fields: readonly string[], known: readonly string[]): Promise<string[]> {
  const ignored: string[] = [];
  for (const field of fields) if (!known.includes(field) && !(await isRejectedByName(field))) ignored.push(field);
  return ignored;
}

describe('fields of a chat completion', () => {
  it('are all accepted or rejected by name', async () => {
    const fields = (await specification()).fields('CreateChatCompletionRequest');
    expect(fields).toEqual(expect.arrayContaining(['messages', 'prompt_cache_options', 'functions', 'user']));
    expect(await silentlyIgnored(fields, (await gatewayDocument()).fields('CreateChatCompletionRequest'))).toEqual([]);
  });

  it('are found when they are ignored silently', async () => {
    const known = (await gatewayDocument()).fields('CreateChatCompletionRequest');
    expect(await silentlyIgnored(['model', 'functions', 'mood'], known)).toEqual(['mood']);
  });

  it('are all documented', async () => {
    const text = await readFile(join(projectRoot, 'docs/api.md'), 'utf8');
    const chat = text.slice(text.indexOf('## Chat completions'), text.indexOf('## Embeddings'));
    const fields = (await specification()).fields('CreateChatCompletionRequest');
    expect(fields.filter((field) => !chat.includes(`\`${field}\``))).toEqual([]);
  });

  it('without effect are accepted and not forwarded', async () => {
    const without = {
      prompt_cache_key: 'k',
      prompt_cache_retention: '24h',
      prompt_cache_options: { mode: 'auto' },
      safety_identifier: 'u',
    };
    upstream.takeRequests();
    await test.api.chat(scripted({ tokens: 1 }, without));
    await test.api.chat(scripted({ tokens: 1 }, { ...without, prompt_cache_options: null, safety_identifier: null }));
    const forwarded = upstream.takeRequests();
    expect(forwarded).toHaveLength(2);
    for (const field of Object.keys(without)) expect(JSON.stringify(forwarded)).not.toContain(`"${field}"`);
    for (const field of Object.keys(without))
      expectError(await test.api.rejected(scripted({}, { [field]: 7 })), 400, 'invalid_request', field);
  });
});

describe('fields of other requests', () => {
  it.each([
    'CreateEmbeddingRequest',
    'CreateSpeechRequest',
    'CreateTranscriptionRequest',
    'CreateTranslationRequest',
    'CreateImageRequest',
    'CreateImageEditRequest',
    'CreateImageVariationRequest',
  ])('of %s are all accepted, apart from files', async (name) => {
    const known = [...(await gatewayDocument()).fields(name), 'file', 'image', 'mask'];
    expect((await specification()).fields(name).filter((field) => !known.includes(field))).toEqual([]);
  });
});

describe('fields of a message', () => {
  it.each(['System', 'Developer', 'User', 'Assistant', 'Tool', 'Function'])(
    'with the role %s are all accepted',
    async (role) => {
      const { items } = (await gatewayDocument()).property('CreateChatCompletionRequest', 'messages');
      const forms = items?.oneOf ?? items?.anyOf ?? [];
      const isOfRole = ({ properties }: Schema): boolean => properties?.['role']?.const === role.toLowerCase();
      const form = forms.find(isOfRole);
      const fields = (await specification()).fields(`ChatCompletionRequest${role}Message`);
      expect(fields.filter((field) => !Object.keys(form?.properties ?? {}).includes(field))).toEqual([]);
    },
  );

  it('with the audio of an earlier completion are rejected by name', async () => {
    const messages = [
      { role: 'assistant', content: 'x', audio: { id: 'audio_1' } },
      { role: 'user', content: 'x' },
    ];
    const rejection = await test.api.rejected(scripted({}, { messages }));
    expectError(rejection, 400, 'invalid_request', 'messages[0].audio');
    await test.api.chat(
      scripted(
        {},
        { messages: messages.map((message) => ({ ...message, ...('audio' in message && { audio: null }) })) },
      ),
    );
  });
});

describe('conversation with deprecated functions', () => {
  const call = { name: 'weather', arguments: '{"city":"Bonn"}' };
  const userMessage = { role: 'user', content: 'How is the weather? [[script {"tokens":1}]]' };
  const conversation = [
    userMessage,
    { role: 'assistant', content: null, function_call: call },
    { role: 'function', name: 'weather', content: 'rain' },
    { role: 'user', content: 'And now?' },
  ];

  const forwarded = async (messages: unknown): Promise<unknown> => {
    upstream.takeRequests();
    expect(contentOf(await test.api.chat({ model: 'm', messages }))).not.toBe('');
    return upstream.takeRequests()[0]?.body['messages'];
  };

  it('is converted to one with tools, deterministically', async () => {
    const messages = await forwarded(conversation);
    const id = 'call_1';
    expect(messages).toEqual([
      userMessage,
      { role: 'assistant', content: null, tool_calls: [{ id, type: 'function', function: call }] },
      { role: 'tool', tool_call_id: id, content: 'rain' },
      { role: 'user', content: 'And now?' },
    ]);
    expect(await forwarded(conversation)).toEqual(messages);
  });

  it('may omit the content of the call and have null as content of the result', async () => {
    const { content: _content, ...bare } = conversation[1] as { content: null };
    expect(await forwarded([userMessage, bare, { ...conversation[2], content: null }])).toMatchObject([
      userMessage,
      { tool_calls: [{ function: call }] },
      { role: 'tool', content: '' },
    ]);
  });

  it.each<[string, object, string]>([
    ['neither content nor a call', { role: 'assistant', function_call: null }, 'messages[1].content'],
    [
      'a call without arguments',
      { role: 'assistant', function_call: { name: 'f' } },
      'messages[1].function_call.arguments',
    ],
    [
      'both kinds of calls',
      { role: 'assistant', function_call: call, tool_calls: [{ id: 'c', type: 'function', function: call }] },
      'messages[1].function_call',
    ],
    ['a result without a name', { role: 'function', content: 'rain' }, 'messages[1].name'],
  ])('is rejected with %s', async (_, message, param) => {
    expectError(
      await test.api.rejected({ model: 'm', messages: [userMessage, message] }),
      400,
      'invalid_request',
      param,
    );
  });

  it.each([
    ['functions', [{ name: 'weather', parameters: {} }]],
    ['function_call', 'auto'],
  ])('cannot request new function calls: %s is rejected by name', async (field, value) => {
    const rejection = await test.api.rejected({ model: 'm', messages: conversation, [field]: value });
    expectError(rejection, 400, 'unsupported_parameter', field);
  });
});
