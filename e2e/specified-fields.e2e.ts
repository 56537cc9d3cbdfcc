/**
 * Nothing of the specification is dropped in silence: each field of its requests is in our own document, or refused by name,
 * and docs/api.md has a word about each field of a chat completion. Old conversations, with functions in the place of
 * tools, are read.
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

  /** The fields of a schema, those of all its forms together. */
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

async function ours(): Promise<Document> {
  return new Document(await (await fetch(`${test.description.baseUrl}/openapi.json`)).json());
}

/** Values of which one asks for something, whatever the field is. */
const ASKING: readonly unknown[] = ['high', 'auto', ['audio'], [], {}];

/** Whether some value of a field is refused with its name: it is known, and not served. */
async function isRejectedByName(field: string): Promise<boolean> {
  for (const value of ASKING) {
    const { status, body } = await test.api.post(scripted({}, { [field]: value }));
    const { error } = body as Partial<ErrorBody>;
    if (status === 400 && error?.code === 'unsupported_parameter' && error.param === field) return true;
  }
  return false;
}

async function droppedInSilence(fields: readonly string[], known: readonly string[]): Promise<string[]> {
  const dropped: string[] = [];
  for (const field of fields) if (!known.includes(field) && !(await isRejectedByName(field))) dropped.push(field);
  return dropped;
}

describe('the fields of a chat completion', () => {
  it('are all read, or refused by name', async () => {
    const fields = (await specification()).fields('CreateChatCompletionRequest');
    expect(fields).toEqual(expect.arrayContaining(['messages', 'prompt_cache_options', 'functions', 'user']));
    expect(await droppedInSilence(fields, (await ours()).fields('CreateChatCompletionRequest'))).toEqual([]);
  });

  it('would be missed: one that nobody knows is dropped', async () => {
    const known = (await ours()).fields('CreateChatCompletionRequest');
    expect(await droppedInSilence(['model', 'functions', 'mood'], known)).toEqual(['mood']);
  });

  it('are all named in the documentation', async () => {
    const text = await readFile(join(projectRoot, 'docs/api.md'), 'utf8');
    const chat = text.slice(text.indexOf('## Chat completions'), text.indexOf('## Embeddings'));
    const fields = (await specification()).fields('CreateChatCompletionRequest');
    expect(fields.filter((field) => !chat.includes(`\`${field}\``))).toEqual([]);
  });

  it('that have no effect are read, and passed on to nobody', async () => {
    const without = {
      prompt_cache_key: 'k',
      prompt_cache_retention: '24h',
      prompt_cache_options: { mode: 'auto' },
      safety_identifier: 'u',
    };
    upstream.takeRequests();
    await test.api.chat(scripted({ tokens: 1 }, without));
    await test.api.chat(scripted({ tokens: 1 }, { ...without, prompt_cache_options: null, safety_identifier: null }));
    const passedOn = upstream.takeRequests();
    expect(passedOn).toHaveLength(2);
    for (const field of Object.keys(without)) expect(JSON.stringify(passedOn)).not.toContain(`"${field}"`);
    for (const field of Object.keys(without))
      expectError(await test.api.rejected(scripted({}, { [field]: 7 })), 400, 'invalid_request', field);
  });
});

describe('the fields of other requests', () => {
  it.each([
    'CreateEmbeddingRequest',
    'CreateSpeechRequest',
    'CreateTranscriptionRequest',
    'CreateTranslationRequest',
    'CreateImageRequest',
    'CreateImageEditRequest',
    'CreateImageVariationRequest',
  ])('of %s are all read; files are no fields', async (name) => {
    const known = [...(await ours()).fields(name), 'file', 'image', 'mask'];
    expect((await specification()).fields(name).filter((field) => !known.includes(field))).toEqual([]);
  });
});

describe('the fields of a message', () => {
  it.each(['System', 'Developer', 'User', 'Assistant', 'Tool', 'Function'])(
    'of the role %s are all read',
    async (role) => {
      const { items } = (await ours()).property('CreateChatCompletionRequest', 'messages');
      const forms = items?.oneOf ?? items?.anyOf ?? [];
      const isOfRole = ({ properties }: Schema): boolean => properties?.['role']?.const === role.toLowerCase();
      const form = forms.find(isOfRole);
      const fields = (await specification()).fields(`ChatCompletionRequest${role}Message`);
      expect(fields.filter((field) => !Object.keys(form?.properties ?? {}).includes(field))).toEqual([]);
    },
  );

  it('that hold the sound of an earlier answer are refused by name', async () => {
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

describe('a conversation with functions in the place of tools', () => {
  const call = { name: 'weather', arguments: '{"city":"Bonn"}' };
  const ask = { role: 'user', content: 'How is the weather? [[script {"tokens":1}]]' };
  const conversation = [
    ask,
    { role: 'assistant', content: null, function_call: call },
    { role: 'function', name: 'weather', content: 'rain' },
    { role: 'user', content: 'And now?' },
  ];

  const passedOn = async (messages: unknown): Promise<unknown> => {
    upstream.takeRequests();
    expect(contentOf(await test.api.chat({ model: 'm', messages }))).not.toBe('');
    return upstream.takeRequests()[0]?.body['messages'];
  };

  it('is read as one with tools, and in the same way each time', async () => {
    const messages = await passedOn(conversation);
    const id = 'call_1';
    expect(messages).toEqual([
      ask,
      { role: 'assistant', content: null, tool_calls: [{ id, type: 'function', function: call }] },
      { role: 'tool', tool_call_id: id, content: 'rain' },
      { role: 'user', content: 'And now?' },
    ]);
    expect(await passedOn(conversation)).toEqual(messages);
  });

  it('may leave the content of the call out, and that of the result null', async () => {
    const { content: _content, ...bare } = conversation[1] as { content: null };
    expect(await passedOn([ask, bare, { ...conversation[2], content: null }])).toMatchObject([
      ask,
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
  ])('is refused with %s', async (_, message, param) => {
    expectError(await test.api.rejected({ model: 'm', messages: [ask, message] }), 400, 'invalid_request', param);
  });

  it.each([
    ['functions', [{ name: 'weather', parameters: {} }]],
    ['function_call', 'auto'],
  ])('cannot ask for more of it: %s is refused by name', async (field, value) => {
    const rejection = await test.api.rejected({ model: 'm', messages: conversation, [field]: value });
    expectError(rejection, 400, 'unsupported_parameter', field);
  });
});
