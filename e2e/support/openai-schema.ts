/**
 * Validates responses against the OpenAI document. *Lenient* validation also accepts null for optional properties, as the
 * OpenAI API sends it, and fails tests. *Strict* validation uses the literal document; its findings are only collected and
 * compared with a list in this file.
 */
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The schemas of the responses of the platform. */
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
  | 'OpenAIFile'
  | 'Upload'
  | 'UploadPart'
  | 'ListFilesResponse'
  | 'DeleteFileResponse'
  | 'Batch'
  | 'ListBatchesResponse'
  | 'ConversationResource'
  | 'ConversationItem'
  | 'ConversationItemList'
  | 'DeletedConversationResource'
  | 'ListModelsResponse'
  | 'Model'
  | 'Response'
  | 'ResponseItemList'
  | `Response${string}Event`
  | 'TokenCountsResource'
  | 'CompactResource'
  | 'ErrorResponse';

export interface Findings {
  /** Violations of the lenient schema; empty when the value is valid. */
  readonly lenient: readonly string[];
  /** Violations of the literal document as `<schema> <path>`, with `*` for array indexes. */
  readonly strict: readonly string[];
}

/** Each deviation of the platform from the literal document, with its reason. */
export const knownDeviations: Readonly<Record<string, string>> = {
  'CreateChatCompletionResponse /service_tier':
    "The platform returns the slug of the endpoint's tier, which is not in OpenAI's enum.",
  'CreateChatCompletionStreamResponse /service_tier': 'The same, in every chunk.',
  'ChatCompletionList /data/*/service_tier': 'The same, in stored completions.',
  'ChatCompletionMessageList /data/*/role':
    'The list has the messages of the request; the document declares them with the schema of a response message.',
};

const TIER = "The platform returns the slug of the endpoint's tier, which is not in OpenAI's enum.";
const USAGE = 'Null until the response has ended, as OpenAI sends it; Open Responses requires the field.';

/** The same for responses and the events of their streams, which `response-shapes.e2e.ts` validates alone. */
export const responseDeviations: Readonly<Record<string, string>> = {
  'Response /service_tier': TIER,
  'Response /usage': USAGE,
  'ResponseCreatedEvent /response/service_tier': TIER,
  'ResponseCreatedEvent /response/usage': USAGE,
  'ResponseQueuedEvent /response/service_tier': TIER,
  'ResponseQueuedEvent /response/usage': USAGE,
  'ResponseInProgressEvent /response/service_tier': TIER,
  'ResponseInProgressEvent /response/usage': USAGE,
  'ResponseCompletedEvent /response/service_tier': TIER,
  'ResponseIncompleteEvent /response/service_tier': TIER,
  'ResponseFailedEvent /response/service_tier': TIER,
};

type Json = Record<string, unknown>;

const fixture = join(import.meta.dirname, '../fixtures/openai-openapi.json');

export class OpenaiSchema {
  readonly #strict: Ajv2020;
  readonly #lenient: Ajv2020;
  readonly #compiled = new Map<string, ValidateFunction>();
  readonly #events: ReadonlyMap<string | undefined, SchemaName>;
  readonly #strictFindings = new Set<string>();

  constructor() {
    const document = JSON.parse(readFileSync(fixture, 'utf8')) as Json;
    const components = document['components'] as Json;
    const options = { strict: false, allErrors: true, validateFormats: false };
    this.#strict = new Ajv2020(options).addSchema({ $id: 'openai', components });
    this.#lenient = new Ajv2020(options).addSchema({ $id: 'openai', components: lenientComponents(components) });
    this.#events = eventSchemas(components['schemas'] as Record<string, EventSchema>);
  }

  /** All strict findings of {@link expectValid} so far, sorted. */
  get strictFindings(): string[] {
    return [...this.#strictFindings].sort();
  }

  check(name: SchemaName, value: unknown): Findings {
    return {
      lenient: describe(name, this.#errors(this.#lenient, 'lenient', name, value)),
      strict: [...new Set(describe(name, this.#errors(this.#strict, 'strict', name, value)).map(placeOf))],
    };
  }

  /** Returns the schema of the event of a response with this `type`. @throws {Error} if the document has none. */
  eventSchema(type: string): SchemaName {
    const name = this.#events.get(type);
    if (name === undefined) throw new Error(`there is no event ${type}`);
    return name;
  }

  /**
   * @returns the value, for chaining.
   * @throws {Error} with every lenient finding.
   */
  expectValid<T>(name: SchemaName, value: T): T {
    const { lenient, strict } = this.check(name, value);
    for (const finding of strict) this.#strictFindings.add(finding);
    if (lenient.length === 0) return value;
    throw new Error(`not a valid ${name}:\n  ${lenient.join('\n  ')}\n${JSON.stringify(value, null, 2)}`);
  }

  #errors(ajv: Ajv2020, mode: string, name: SchemaName, value: unknown): readonly ErrorObject[] {
    const key = `${mode} ${name}`;
    const validate = this.#compiled.get(key) ?? ajv.compile({ $ref: `openai#/components/schemas/${name}` });
    this.#compiled.set(key, validate);
    return validate(value) ? [] : (validate.errors ?? []);
  }
}

/** Returns one line per error; for `anyOf` the errors of its branches instead of the summary. */
function describe(name: SchemaName, errors: readonly ErrorObject[]): string[] {
  const pathOf = (error: ErrorObject): string => error.instancePath.replace(/\/\d+(?=\/|$)/g, '/*');
  const deepest = errors.filter(
    ({ instancePath, keyword }) =>
      keyword !== 'anyOf' || !errors.some((other) => other.instancePath.startsWith(`${instancePath}/`)),
  );
  return deepest.map((error) => `${name} ${pathOf(error)}: ${error.message} ${JSON.stringify(error.params)}`);
}

interface EventSchema {
  readonly properties?: { readonly type?: { readonly enum?: readonly string[] } };
}

function eventSchemas(schemas: Readonly<Record<string, EventSchema>>): Map<string | undefined, SchemaName> {
  const isEvent = (name: string): name is `Response${string}Event` => /^Response.*Event$/.test(name);
  return new Map(
    Object.entries(schemas).flatMap(([name, { properties }]) =>
      isEvent(name) ? [[properties?.type?.enum?.[0], name]] : [],
    ),
  );
}

function placeOf(line: string): string {
  return line.slice(0, line.indexOf(':'));
}

function lenientComponents(components: Json): Json {
  const schemas = lenient(components['schemas'], 'map') as Json;
  // The only field in which the platform deviates from OpenAI's values by design.
  const tier = { type: ['string', 'null'] };
  return {
    ...components,
    schemas: {
      ...schemas,
      ServiceTier: tier,
      ServiceTierResponses: tier,
      ...messagesOfRequests(schemas),
    },
  };
}

/** The messages of a stored completion are those of its request, but the document declares them as response messages. */
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

/** Distinguishes schemas from maps of schemas, so that a property named `properties` is not treated as the keyword. */
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
