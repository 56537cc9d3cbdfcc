/** Structured outputs and tool calls, enforced on a model of random weights. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChunkChoice } from '../engine.ts';
import { AppError } from '@xerotier/errors';
import { chatModelFile } from '../testing/bundled-models.ts';
import { aChatRequest, choicesOf, run } from '../testing/jobs.ts';
import { schemaDocuments } from '../testing/json-schemas.ts';
import { writeTinyModelFile } from '../testing/tiny-model-file.ts';
import { stringFormats } from './grammar/string-formats.ts';
import { LlamaEngine } from './llama.engine.ts';

let folder: string;
let engine: LlamaEngine;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llama-forms-'));
  const modelPath = await writeTinyModelFile(folder);
  engine = await LlamaEngine.load({ kind: 'llama', modelPath, slots: 2, contextTokens: 4_096, threads: 1 });
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true, force: true });
});

/** Returns the text of a completion, which must finish with stop. */
async function complete(fields: Record<string, unknown>): Promise<string> {
  const request = aChatRequest({ temperature: 1, max_tokens: 3_500, ...fields });
  const { text, finishReasons } = await run(engine, { request, choiceIndex: 0, cacheSalt: '' });
  expect(finishReasons).toEqual(['stop']);
  return text;
}

function ofSchema(schema: object, strict = true): Record<string, unknown> {
  return { response_format: { type: 'json_schema', json_schema: { name: 'form', schema, strict } } };
}

/** Schemas with short texts: a model of random weights would not end a string for hundreds of tokens. */
const { schema: schemas } = fc.letrec<{ schema: object }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom<object>(
      { type: 'boolean' },
      { type: 'null' },
      { type: 'integer' },
      { type: 'number' },
      { type: ['integer', 'null'] },
      // The schema that zod generates for an integer.
      { type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
    ),
    fc
      .tuple(fc.integer({ min: -2_000, max: 2_000 }), fc.nat({ max: 300 }))
      .map(([minimum, more]) => ({ type: 'integer', minimum, exclusiveMaximum: minimum + more + 1 })),
    fc
      .tuple(fc.nat({ max: 3 }), fc.nat({ max: 4 }))
      .map(([minLength, more]) => ({ type: 'string', minLength, maxLength: minLength + more })),
    fc
      .array(fc.oneof(fc.string({ maxLength: 6 }), fc.integer(), fc.boolean(), fc.constant(null)), {
        minLength: 1,
        maxLength: 4,
      })
      .map((values) => ({ enum: values })),
    fc
      .jsonValue({ maxDepth: 1 })
      // The validator cannot compare objects with these property names.
      .filter((value) => !/"(valueOf|toString)"/.test(JSON.stringify(value)))
      .map((value) => ({ const: value })),
    fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
    fc
      .record({ items: tie('schema'), minItems: fc.nat({ max: 2 }), more: fc.nat({ max: 2 }) })
      .map(({ items, minItems, more }) => ({ type: 'array', items, minItems, maxItems: minItems + more })),
    fc
      .tuple(fc.array(tie('schema'), { minLength: 1, maxLength: 2 }), fc.nat({ max: 3 }))
      .map(([prefixItems, maxItems]) => ({
        type: 'array',
        prefixItems,
        items: { type: 'null' },
        minItems: Math.min(1, maxItems),
        maxItems,
      })),
    fc
      .tuple(
        fc.dictionary(fc.string({ maxLength: 8 }), tie('schema'), { maxKeys: 3 }),
        fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
      )
      .map(([properties, required]) => ({
        type: 'object',
        properties,
        required: Object.keys(properties).filter((_, at) => required[at]),
        additionalProperties: false,
      })),
  ),
}));

describe('structured output', () => {
  it('matches any schema', async () => {
    const ajv = new Ajv2020({ strict: false });
    await fc.assert(
      fc.asyncProperty(schemas, fc.integer(), async (schema, seed) => {
        const value: unknown = JSON.parse(await complete({ ...ofSchema(schema), seed }));
        expect({ value, errors: ajv.validate(schema, value) ? null : ajv.errors }).toEqual({ value, errors: null });
      }),
      { numRuns: 120 },
    );
  }, 120_000);

  it('matches any combination of keywords', async () => {
    const ajv = new Ajv2020({ strict: false, logger: false, validateSchema: false });
    let complete = 0;
    await fc.assert(
      fc.asyncProperty(schemaDocuments, fc.integer(), async (schema, seed) => {
        const request = aChatRequest({ temperature: 1, seed, max_tokens: 400, ...ofSchema(schema) });
        const job = { request, choiceIndex: 0, cacheSalt: '' };
        const generated = await run(engine, job).catch((error: unknown) => {
          if (AppError.is(error) && error.code === 'request.invalid') return undefined;
          throw error;
        });
        // The schema is unsatisfiable, or the model does not end an unbounded text.
        if (generated === undefined || generated.finishReasons[0] === 'length') return;
        complete += 1;
        const value: unknown = JSON.parse(generated.text);
        expect({ value, errors: ajv.validate(schema, value) ? null : ajv.errors }).toEqual({ value, errors: null });
      }),
      { numRuns: 120 },
    );
    expect(complete).toBeGreaterThan(30);
  }, 120_000);

  it.each(Object.keys(stringFormats))('matches the string format %s', async (format) => {
    const schema = {
      type: 'object',
      properties: { it: { type: 'string', format } },
      required: ['it'],
      additionalProperties: false,
    };
    const { it: text } = JSON.parse(await complete(ofSchema(schema))) as { it: string };
    expect(text).toMatch(FORMATS[format] as RegExp);
    if (format.startsWith('date')) expect(Number.isNaN(Date.parse(text))).toBe(false);
  });

  it('supports references, including recursive ones', async () => {
    const schema = {
      $defs: {
        leaf: { enum: ['a', 'b'] },
        tree: {
          type: 'object',
          properties: {
            leaf: { $ref: '#/$defs/leaf' },
            more: { type: 'array', items: { $ref: '#/$defs/tree' }, maxItems: 1 },
          },
          required: ['leaf', 'more'],
          additionalProperties: false,
        },
      },
      $ref: '#/$defs/tree',
    };
    const ajv = new Ajv2020({ strict: false });
    for (const seed of [1, 2, 3])
      expect(ajv.validate(schema, JSON.parse(await complete({ ...ofSchema(schema), seed })))).toBe(true);
  });

  it('rejects a schema that is not supported in strict mode, with the name of the parameter', async () => {
    await expect(complete(ofSchema({ type: 'number', minimum: 3 }))).rejects.toMatchObject({
      code: 'request.invalid',
      param: 'response_format.json_schema.schema',
    });
    await expect(complete(ofSchema({ type: 'number', minimum: 3 }, false))).resolves.toMatch(/^-?\d/);
  });

  it('is the beginning of an object in JSON mode', async () => {
    const request = aChatRequest({ temperature: 0, max_tokens: 40, response_format: { type: 'json_object' } });
    const { text } = await run(engine, { request, choiceIndex: 0, cacheSalt: '' });
    expect(text).toMatch(/^\{\s*("|\})/);
  });

  it('does not support tools without a template that does', () => {
    expect(engine.parameters.has('tools')).toBe(false);
  });

  it('never contains tool calls', async () => {
    const request = aChatRequest({ temperature: 1, seed: 4, ...ofSchema({ enum: ['a', 'b'] }) });
    const { events } = await run(engine, { request, choiceIndex: 0, cacheSalt: '' });
    expect(choicesOf(events).some((choice) => (choice as ChunkChoice).delta.tool_calls !== undefined)).toBe(false);
  });
});

describe('a tool call without parameters', () => {
  let bundled: LlamaEngine;
  beforeAll(async () => {
    bundled = await LlamaEngine.load({
      kind: 'llama',
      modelPath: chatModelFile,
      slots: 1,
      contextTokens: 1_024,
      threads: 1,
    });
  });
  afterAll(() => bundled.close());

  /** Returns the arguments of all tool calls of a completion. */
  async function argumentsOf(fields: Record<string, unknown>): Promise<string[]> {
    const request = aChatRequest({ max_tokens: 200, ...fields });
    const { events } = await run(bundled, { request, choiceIndex: 0, cacheSalt: '' });
    const calls: string[] = [];
    for (const choice of choicesOf(events))
      for (const { index, function: called } of (choice as ChunkChoice).delta.tool_calls ?? [])
        calls[index] = (calls[index] ?? '') + (called?.arguments ?? '');
    return calls;
  }

  it.each<[string, object]>([
    ['omitted', {}],
    ['an empty schema', { parameters: {} }],
    ['an object', { parameters: { type: 'object' } }],
    ['an object without properties', { parameters: { type: 'object', properties: {} } }],
  ])('has no arguments for any output of the model: %s', async (_, fields) => {
    const tools = [
      { type: 'function', function: { name: 'get_time', description: 'Get the current time', ...fields } },
    ];
    for (const seed of [1, 2, 3])
      expect(await argumentsOf({ tools, tool_choice: 'required', temperature: 2, seed })).toEqual(['{}']);
    const request = { messages: [{ role: 'user', content: 'What time is it?' }], temperature: 0 };
    expect(await argumentsOf({ tools, ...request })).toEqual(['{}']);
  });

  it('does not affect the arguments of another function', async () => {
    const parameters = { type: 'object', properties: { it: { enum: ['a', 'b'] } }, required: ['it'] };
    const tools = ['none', 'some'].map((name) => ({
      type: 'function',
      function: { name, ...(name === 'some' && { parameters }) },
    }));
    const choice = { type: 'function', function: { name: 'some' } };
    const [text = ''] = await argumentsOf({ tools, tool_choice: choice });
    expect(JSON.parse(text)).toEqual({ it: expect.stringMatching(/^[ab]$/) });
  });
});

const FORMATS: Readonly<Record<string, RegExp>> = {
  date: /^\d{4}-\d{2}-\d{2}$/,
  time: /^\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/,
  'date-time': /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/,
  duration: /^P\d+[YMWD]$/,
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  ipv4: /^((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.|$)){4}$/,
  ipv6: /^[0-9a-f]{1,4}(:[0-9a-f]{1,4}){7}$/,
  hostname: /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/,
  email: /^[a-z0-9][a-z0-9_-]*@[a-z0-9-]+(\.[a-z0-9-]+)+$/,
};
