/** The rules for one line of an input file, with the errors of the OpenAI API. */
import type { StoredBatch } from '@xerotier/contracts/batch';
import { BODY_BOUNDS, exceededJsonBound } from '@xerotier/http/json-bounds';
import type { JsonBounds } from '@xerotier/http/json-bounds';
import { estimateTokens } from '@xerotier/inference';
import { isUtf8 } from 'node:buffer';
import type { Line } from '../lines/line.ts';

export type LineError = NonNullable<StoredBatch['errors']>[number];

/** What a line may use, roughly. */
export interface LineTokens {
  readonly prompt: number;
  /** At most; undefined if it has no maximum. */
  readonly completion: number | undefined;
  /** Completions of this line. */
  readonly choices: number;
}

export interface ValidLine {
  readonly line: Line;
  readonly tokens: LineTokens;
  /** Texts to embed. */
  readonly inputs: number;
}

export type ValidatedLine = ({ readonly ok: true } & ValidLine) | { readonly ok: false; readonly errors: LineError[] };

const CUSTOM_ID_LENGTH_MAX = 512;
const MODEL_LENGTH_MAX = 256;
const COMPLETION_TOKENS_MAX = 1_000_000;

/** Those of a request to the API, in a line. */
const LINE_BOUNDS: JsonBounds = { ...BODY_BOUNDS, depthMax: BODY_BOUNDS.depthMax + 1 };
const EXCEEDED: Readonly<Record<keyof JsonBounds, string>> = {
  depthMax: `The body is nested more than ${BODY_BOUNDS.depthMax} levels deep.`,
  partsMax: `This line has more than ${BODY_BOUNDS.partsMax} objects, arrays and keys.`,
};

/** @param number of the line in the file, from 1. */
export function validateLine(bytes: Buffer, number: number, endpoint: StoredBatch['endpoint']): ValidatedLine {
  const error = (code: string, message: string, param: string | null): LineError => ({
    ...{ code, message, param },
    line: number,
  });
  const failed = (...errors: LineError[]): ValidatedLine => ({ ok: false, errors });
  const exceeded = exceededJsonBound(bytes, LINE_BOUNDS);
  if (exceeded !== undefined) return failed(error('invalid_request', EXCEEDED[exceeded], 'body'));
  const value = parsed(bytes);
  if (value === undefined) return failed(error('invalid_json_line', 'This line is not parseable as valid JSON.', null));
  if (!isObject(value)) return failed(error('invalid_json_line', 'This line is not a JSON object.', null));
  const missing = ['custom_id', 'method', 'url', 'body'].filter(
    (name) => value[name] === undefined || value[name] === null,
  );
  if (missing.length > 0)
    return failed(
      ...missing.map((name) => error('missing_required_parameter', `Missing required parameter: '${name}'.`, name)),
    );
  const { custom_id: customId, method, url, body } = value;
  if (typeof customId !== 'string' || customId === '' || customId.length > CUSTOM_ID_LENGTH_MAX)
    return failed(
      error('invalid_request', `'custom_id' must be a string of 1 to ${CUSTOM_ID_LENGTH_MAX} characters.`, 'custom_id'),
    );
  if (method !== 'POST') return failed(error('invalid_method', "The method must be 'POST'.", 'method'));
  if (url !== endpoint)
    return failed(error('invalid_url', 'The URL provided for this request does not match the batch endpoint.', 'url'));
  if (!isObject(body)) return failed(error('invalid_request', "'body' must be a JSON object.", 'body'));
  const { model } = body;
  if (typeof model !== 'string' || model === '')
    return failed(error('invalid_request', 'Model parameter is required.', 'body.model'));
  if (model.length > MODEL_LENGTH_MAX) return failed(error('model_not_found', 'The model is too long.', 'body.model'));
  const required = REQUIRED[endpoint].find((name) => body[name] === undefined || body[name] === null);
  if (required !== undefined)
    return failed(error('invalid_request', `${titled(required)} parameter is required.`, `body.${required}`));
  if (body['stream'] === true)
    return failed(
      error('streaming_unsupported', `${NAMES[endpoint]}: Streaming is not supported in the Batch API.`, 'body.stream'),
    );
  if (body['background'] === true)
    return failed(
      error(
        'invalid_request',
        `${NAMES[endpoint]}: 'background' is not supported in the Batch API.`,
        'body.background',
      ),
    );
  return { ok: true, line: { customId, url: endpoint, model, body }, ...estimateOf(endpoint, body) };
}

const REQUIRED: Readonly<Record<StoredBatch['endpoint'], readonly string[]>> = {
  '/v1/chat/completions': ['messages'],
  // What it continues from may be all of its input.
  '/v1/responses': [],
  '/v1/embeddings': ['input'],
  '/v1/rerank': ['query', 'documents'],
  '/v1/score': [],
};

const NAMES: Readonly<Record<StoredBatch['endpoint'], string>> = {
  '/v1/chat/completions': 'Chat Completions',
  '/v1/responses': 'Responses',
  '/v1/embeddings': 'Embeddings',
  '/v1/rerank': 'Rerank',
  '/v1/score': 'Score',
};

/** What is not as it should be is found when the line is run; the estimate is rough in any case. */
function estimateOf(
  endpoint: StoredBatch['endpoint'],
  body: Readonly<Record<string, unknown>>,
): Pick<ValidLine, 'tokens' | 'inputs'> {
  if (endpoint === '/v1/chat/completions') {
    const messages = Array.isArray(body['messages']) ? body['messages'].filter(isObject) : [];
    const most = [body['max_completion_tokens'], body['max_tokens']].find((value) => typeof value === 'number');
    const choices = typeof body['n'] === 'number' && body['n'] > 0 ? Math.ceil(Math.min(body['n'], 128)) : 1;
    const prompt = estimateTokens(messages.flatMap(({ content }) => textsIn(content)));
    const completion =
      most === undefined ? undefined : choices * Math.ceil(Math.min(Math.max(0, most), COMPLETION_TOKENS_MAX));
    return { tokens: { prompt, completion, choices }, inputs: 0 };
  }
  if (endpoint === '/v1/responses') {
    const most = body['max_output_tokens'];
    const prompt = estimateTokens([body['instructions'], body['input']].flatMap(textsInItems));
    const completion =
      typeof most === 'number' ? Math.ceil(Math.min(Math.max(0, most), COMPLETION_TOKENS_MAX)) : undefined;
    return { tokens: { prompt, completion, choices: 1 }, inputs: 0 };
  }
  const texts = Object.entries(body).flatMap(([name, value]) => (name === 'model' ? [] : textsIn(value)));
  const input = body['input'];
  const isList = Array.isArray(input) && input.some((entry) => typeof entry !== 'number');
  const tokens = { prompt: estimateTokens(texts), completion: 0, choices: 0 };
  return { tokens, inputs: endpoint === '/v1/embeddings' ? (isList ? input.length : 1) : 0 };
}

function textsIn(value: unknown): (string | number[])[] {
  if (typeof value === 'string') return [value];
  if (!Array.isArray(value)) return [];
  if (value.every((entry) => typeof entry === 'number')) return [value];
  return value.flatMap((entry) => (isObject(entry) ? textsIn(entry['text']) : textsIn(entry)));
}

/** Of the input of a response: a text, or items with content. */
function textsInItems(value: unknown): (string | number[])[] {
  if (!Array.isArray(value)) return textsIn(value);
  return value.filter(isObject).flatMap((item) => [...textsIn(item['content']), ...textsIn(item['output'])]);
}

function parsed(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function titled(name: string): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}
