import { readFileSync } from 'node:fs';
import { readValue } from '../validation/index.ts';
import { ITEM_ID_PREFIXES, isItemId } from './item-kinds.ts';
import { inputItem } from './item.ts';

const read = (path: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../../e2e/fixtures/${path}`, import.meta.url), 'utf8')) as unknown;

type Sample = Readonly<Record<string, unknown>>;
const samples = read('conversation-items.json') as Sample[];

interface Document {
  readonly components: {
    readonly schemas: Readonly<Record<string, { readonly oneOf: readonly { readonly $ref: string }[] }>>;
  };
}

function parsed(value: unknown): unknown {
  const result = readValue(inputItem, value);
  if (!result.ok) throw new Error(result.error.reason);
  return result.value;
}

function errorParam(value: unknown): string | undefined {
  const result = readValue(inputItem, value);
  return result.ok ? undefined : result.error.param;
}

/** The `type` of each kind of item that a conversation can have in the OpenAI document. */
function documentedKinds(): string[] {
  const { schemas } = (read('openai-openapi.json') as Document).components;
  const typesIn = (schema: unknown): string[] => {
    const { $ref, allOf, properties } = schema as {
      $ref?: string;
      allOf?: unknown[];
      properties?: { type?: { enum?: string[] } };
    };
    if ($ref !== undefined) return typesIn(schemas[$ref.split('/').at(-1) ?? '']);
    return [...(properties?.type?.enum ?? []), ...(allOf ?? []).flatMap(typesIn)];
  };
  return [...new Set((schemas['ConversationItem']?.oneOf ?? []).flatMap(typesIn))];
}

describe('inputItem', () => {
  it('accepts every kind of item of the OpenAI specification', () => {
    const kinds = Object.keys(ITEM_ID_PREFIXES).toSorted();
    expect(documentedKinds().toSorted()).toEqual(kinds);
    const accepted = samples.map((sample) => (parsed(sample) as Sample)['type']);
    expect([...new Set(accepted)].toSorted()).toEqual(kinds);
  });

  it.each(samples.map((sample) => [(sample['type'] ?? 'message') as string, sample] as const))(
    'rejects each field of %s with a value of another type, and names it',
    (_, sample) => {
      const fields = Object.keys(sample).filter((name) => name !== 'id');
      const wrong = fields.map((name) => [name, errorParam({ ...sample, [name]: 1.5 })]);
      // A message is one by its role, whatever its type.
      expect(wrong).toEqual(fields.map((name) => [name, name]));
    },
  );

  it('has a text as one part', () => {
    expect(parsed({ role: 'user', content: 'Hi' })).toEqual({
      ...{ type: 'message', status: 'completed', role: 'user' },
      content: [{ type: 'input_text', text: 'Hi' }],
    });
    expect(parsed({ role: 'assistant', content: 'Hi' })).toEqual({
      ...{ type: 'message', status: 'completed', role: 'assistant' },
      content: [{ type: 'output_text', text: 'Hi', annotations: [], logprobs: [] }],
    });
  });

  it('drops ids of clients and unknown fields, and takes null for nothing', () => {
    const call = { type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{}' };
    const expected = { ...call, status: 'completed' };
    expect(parsed({ ...call, id: 'fc_1', status: null, namespace: null, caller: null, x: 1 })).toEqual(expected);
    expect(parsed({ ...call, status: 'in_progress' })).toEqual({ ...call, status: 'in_progress' });
  });

  it('has the call of an output of a local shell, which clients send as its id', () => {
    const output = { type: 'local_shell_call_output', output: 'a.txt' };
    const expected = { ...output, status: 'completed', call_id: 'call_1' };
    expect(parsed({ ...output, id: 'call_1' })).toEqual(expected);
    expect(parsed({ ...output, id: 'lsho_1', call_id: 'call_1' })).toEqual(expected);
  });

  it.each([{}, { env: null, timeout_ms: null, working_directory: null, user: null }])(
    'has a command without what is null or missing: %j',
    (fields) => {
      const call = { type: 'local_shell_call', call_id: 'call_1' };
      const action = { type: 'exec', command: ['ls'] };
      expect(parsed({ ...call, action: { ...action, ...fields } })).toEqual({
        ...{ ...call, status: 'completed', action: { ...action, env: {} } },
      });
    },
  );

  it.each([{ id: 'msg_1' }, { type: null, id: 'msg_1' }, { type: 'item_reference', id: 'msg_1' }])(
    'is a reference: %j',
    (value) => {
      expect(parsed(value)).toEqual({ type: 'item_reference', id: 'msg_1' });
    },
  );

  it.each([
    ['a type that is unknown', { type: 'poem' }, 'type', "Invalid value for 'type': expected 'message', "],
    ['a trigger of a compaction', { type: 'compaction_trigger' }, 'type', "but got 'compaction_trigger'."],
    ['nothing', {}, 'type', "Missing required parameter: 'type'."],
    ['a text', 'Hello', '', 'expected an object'],
    ['a role that is unknown', { role: 'tool', content: '' }, 'role', "expected 'user', 'system', 'developer' or"],
    ['no content', { role: 'user' }, 'content', "Missing required parameter: 'content'."],
    ['content that is a number', { role: 'user', content: 1 }, 'content', 'expected a string or an array'],
    [
      'an image that is nowhere',
      { role: 'user', content: [{ type: 'input_image' }] },
      'content[0].image_url',
      'is required unless `file_id` is present',
    ],
    [
      'a file that is nowhere',
      { role: 'user', content: [{ type: 'input_file', filename: 'a' }] },
      'content[0].file_id',
      'is required unless `file_data` or `file_url` is present',
    ],
    [
      'a file from two places',
      { role: 'user', content: [{ type: 'input_file', file_id: 'file-1', file_url: 'https://example.com' }] },
      'content[0].file_id',
      'cannot be combined with another source',
    ],
    [
      'audio, which conversations do not have',
      { role: 'user', content: [{ type: 'input_audio', input_audio: {} }] },
      'content[0].type',
      "but got 'input_audio'",
    ],
    [
      'output of a user',
      { role: 'user', content: [{ type: 'output_text', text: '' }] },
      'content[0].type',
      "but got 'output_text'",
    ],
    ['an output without value', { type: 'function_call_output', call_id: 'c' }, 'output', 'Missing required parameter'],
    [
      'a part of an output that is unknown',
      { type: 'function_call_output', call_id: 'c', output: [{ type: 'poem' }] },
      'output[0].type',
      "but got 'poem'",
    ],
    [
      'an action of a computer that is unknown',
      { type: 'computer_call', call_id: 'c', action: { type: 'fly' } },
      'action.type',
      "but got 'fly'",
    ],
    [
      'an environment with a number',
      { type: 'local_shell_call', call_id: 'c', action: { type: 'exec', command: [], env: { A: 1 } } },
      'action.env.A',
      'expected a string',
    ],
    ['an output of no command', { type: 'local_shell_call_output', output: '' }, 'call_id', 'is required unless `id`'],
    ['a reference to nothing', { type: 'item_reference', id: '' }, 'id', 'expected at least 1 character'],
    [
      'a long id of a call',
      { type: 'custom_tool_call', call_id: 'c'.repeat(257) },
      'call_id',
      'at most 256 characters',
    ],
    [
      'too many parts',
      { role: 'user', content: Array.from({ length: 2_049 }, () => ({ type: 'input_text', text: '' })) },
      'content',
      'at most 2048',
    ],
  ])('rejects %s', (_, value, param, reason) => {
    const result = readValue(inputItem, value);
    expect(result).toEqual({ ok: false, error: { param, reason: expect.stringContaining(reason) } });
  });
});

describe('ids of items', () => {
  it('begin with a prefix of their own', () => {
    const prefixes = Object.values(ITEM_ID_PREFIXES);
    expect(new Set(prefixes).size).toBe(prefixes.length);
  });

  it.each(['msg_1', 'fc_1', 'mcpl_'])('are recognized: %s', (id) => expect(isItemId(id)).toBe(true));
  it.each(['', 'msg', '_1', 'conv_1', 'resp_1', 'xmsg_1'])('are not: %s', (id) => expect(isItemId(id)).toBe(false));
});
