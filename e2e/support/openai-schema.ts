/**
 * Checks answers against the OpenAI document. Two readings of it: *lenient* lets an optional property be null too, as the
 * real API does all the time, and is what a test gates on; *strict* takes the document at its word, and is only collected,
 * so that what it still refuses is a list in this file and not a surprise.
 */
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The schemas that answers of this platform have to fit. */
export type SchemaName =
  | 'CreateChatCompletionResponse'
  | 'CreateChatCompletionStreamResponse'
  | 'CreateEmbeddingResponse'
  | 'ChatCompletionList'
  | 'ChatCompletionMessageList'
  | 'ChatCompletionDeleted'
  | 'CreateSpeechResponseStreamEvent'
  | 'CreateTranscriptionResponseJson'
  | 'CreateTranscriptionResponseVerboseJson'
  | 'CreateTranscriptionResponseStreamEvent'
  | 'CreateTranslationResponseJson'
  | 'ImagesResponse'
  | 'ImageGenStreamEvent'
  | 'ImageEditStreamEvent'
  | 'ListModelsResponse'
  | 'Model'
  | 'ErrorResponse';

export interface Findings {
  /** Where the value breaks the document even when it is read leniently. Empty is a pass. */
  readonly lenient: readonly string[];
  /** Where it breaks the document as written: `<schema> <path>`, with `*` for array positions. */
  readonly strict: readonly string[];
}

/** Each place where strict refuses what the platform sends, and why the platform sends it. */
export const strictFindingsExplained: Readonly<Record<string, string>> = {
  'CreateChatCompletionResponse /service_tier':
    "The product answers with the endpoint's tier slug, which is not a word of OpenAI's list.",
  'CreateChatCompletionStreamResponse /service_tier': 'The same, in every chunk.',
  'ChatCompletionList /data/*/service_tier': 'The same, in what is stored.',
  'ChatCompletionMessageList /data/*/role':
    'The list holds the messages of the request; the document gives them the schema of an answer.',
};

type Json = Record<string, unknown>;

const fixture = join(import.meta.dirname, '../fixtures/openai-openapi.json');

export class OpenaiSchema {
  readonly #strict: Ajv2020;
  readonly #lenient: Ajv2020;
  readonly #compiled = new Map<string, ValidateFunction>();
  readonly #strictFindings = new Set<string>();

  constructor() {
    const document = JSON.parse(readFileSync(fixture, 'utf8')) as Json;
    const components = document['components'] as Json;
    const options = { strict: false, allErrors: true, validateFormats: false };
    this.#strict = new Ajv2020(options).addSchema({ $id: 'openai', components });
    this.#lenient = new Ajv2020(options).addSchema({ $id: 'openai', components: lenientComponents(components) });
  }

  /** All that strict has refused so far in {@link expectValid}, sorted. */
  get strictFindings(): string[] {
    return [...this.#strictFindings].sort();
  }

  check(name: SchemaName, value: unknown): Findings {
    return {
      lenient: describe(name, this.#errors(this.#lenient, 'lenient', name, value)),
      strict: [...new Set(describe(name, this.#errors(this.#strict, 'strict', name, value)).map(placeOf))],
    };
  }

  /**
   * @returns the value, for chaining.
   * @throws {Error} with every place where even the lenient reading refuses it.
   */
  expectValid<T>(name: SchemaName, value: T): T {
    const { lenient, strict } = this.check(name, value);
    for (const finding of strict) this.#strictFindings.add(finding);
    if (lenient.length === 0) return value;
    throw new Error(`This is no ${name}:\n  ${lenient.join('\n  ')}\n${JSON.stringify(value, null, 2)}`);
  }

  #errors(ajv: Ajv2020, mode: string, name: SchemaName, value: unknown): readonly ErrorObject[] {
    const key = `${mode} ${name}`;
    const validate = this.#compiled.get(key) ?? ajv.compile({ $ref: `openai#/components/schemas/${name}` });
    this.#compiled.set(key, validate);
    return validate(value) ? [] : (validate.errors ?? []);
  }
}

/** One line per place; of an `anyOf` the branches' own complaints are kept, not the sum of them. */
function describe(name: SchemaName, errors: readonly ErrorObject[]): string[] {
  const pathOf = (error: ErrorObject): string => error.instancePath.replace(/\/\d+(?=\/|$)/g, '/*');
  const deepest = errors.filter(
    ({ instancePath, keyword }) =>
      keyword !== 'anyOf' || !errors.some((other) => other.instancePath.startsWith(`${instancePath}/`)),
  );
  return deepest.map((error) => `${name} ${pathOf(error)}: ${error.message} ${JSON.stringify(error.params)}`);
}

function placeOf(line: string): string {
  return line.slice(0, line.indexOf(':'));
}

function lenientComponents(components: Json): Json {
  const schemas = lenient(components['schemas'], 'map') as Json;
  return {
    ...components,
    schemas: {
      ...schemas,
      // Decided by the product, and the one place where its answers do not speak OpenAI's vocabulary.
      ServiceTier: { type: ['string', 'null'] },
      ...messagesOfRequests(schemas),
    },
  };
}

/** A stored completion's messages are those of its request, for which the document has the schema of an answer's. */
function messagesOfRequests(schemas: Json): Json {
  const response = schemas['ChatCompletionResponseMessage'] as Json;
  const role = { enum: ['system', 'developer', 'user', 'assistant', 'tool'] };
  const list = JSON.stringify(schemas['ChatCompletionMessageList']);
  return {
    ChatCompletionRequestedMessage: { ...response, properties: { ...(response['properties'] as Json), role } },
    ChatCompletionMessageList: JSON.parse(
      list.replaceAll('/ChatCompletionResponseMessage"', '/ChatCompletionRequestedMessage"'),
    ) as Json,
  };
}

/** Walks schemas and maps of schemas apart, so that a property called `properties` is not taken for the keyword. */
function lenient(node: unknown, kind: 'schema' | 'map'): unknown {
  if (Array.isArray(node)) return node.map((item) => lenient(item, 'schema'));
  if (typeof node !== 'object' || node === null) return node;
  const walked = Object.fromEntries(
    Object.entries(node).map(([key, value]) => {
      if (kind === 'map') return [key, lenient(value, 'schema')];
      if (DATA.has(key)) return [key, value];
      return [key, lenient(value, MAPS.has(key) ? 'map' : 'schema')];
    }),
  );
  return kind === 'schema' ? withNullableOptionals(walked) : walked;
}

function withNullableOptionals(schema: Json): Json {
  const properties = schema['properties'] as Json | undefined;
  if (properties === undefined) return schema;
  const required = new Set((schema['required'] as string[] | undefined) ?? []);
  const nullable = Object.entries(properties).map(([name, property]) => [
    name,
    required.has(name) ? property : { anyOf: [property, { type: 'null' }] },
  ]);
  return { ...schema, properties: Object.fromEntries(nullable) as Json };
}

/** Keywords whose value maps names to schemas. */
const MAPS = new Set(['properties', 'patternProperties', '$defs', 'dependentSchemas']);
/** Keywords whose value is data, not a schema. */
const DATA = new Set(['enum', 'const', 'default', 'example', 'examples', 'required']);
