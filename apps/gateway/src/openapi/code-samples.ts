/** Code samples for curl and the OpenAI SDKs for Python and Node: `x-codeSamples` of the reference page. */
import type { DocumentedOperation } from '@xerotier/public-api/openapi';

/** The format of Redoc. */
export interface CodeSample {
  readonly lang: 'Shell' | 'Python' | 'JavaScript';
  readonly label: string;
  readonly source: string;
}

interface SampledRequest {
  readonly method: string;
  /** Without the base URL: `/v1/models/{model}`. */
  readonly path: string;
  readonly operation: DocumentedOperation;
}

/** Methods of the OpenAI SDKs. Other operations use the generic methods `get` and `post`. */
const SDK_METHODS: Readonly<
  Record<string, { readonly node: string; readonly python?: string; readonly file?: string }>
> = {
  createChatCompletion: { node: 'chat.completions.create' },
  listChatCompletions: { node: 'chat.completions.list' },
  getChatCompletion: { node: 'chat.completions.retrieve' },
  updateChatCompletion: { node: 'chat.completions.update' },
  deleteChatCompletion: { node: 'chat.completions.delete' },
  getChatCompletionMessages: { node: 'chat.completions.messages.list' },
  createEmbedding: { node: 'embeddings.create' },
  createSpeech: { node: 'audio.speech.create' },
  createTranscription: { node: 'audio.transcriptions.create', file: 'file' },
  createTranslation: { node: 'audio.translations.create', file: 'file' },
  createImage: { node: 'images.generate' },
  createImageEdit: { node: 'images.edit', file: 'image' },
  createImageVariation: { node: 'images.createVariation', python: 'images.create_variation', file: 'image' },
  listModels: { node: 'models.list' },
  retrieveModel: { node: 'models.retrieve' },
};

/** Returns the samples of an operation; for public operations only curl. @param origin prefix of the path. */
export function codeSamples(request: SampledRequest, origin: string): CodeSample[] {
  const curl = { lang: 'Shell', label: 'curl', source: curlSample(request, origin) } as const;
  if (request.operation.security !== undefined) return [curl];
  return [
    curl,
    { lang: 'Python', label: 'Python', source: pythonSample(request, origin) },
    { lang: 'JavaScript', label: 'Node', source: nodeSample(request, origin) },
  ];
}

function curlSample({ method, path, operation }: SampledRequest, origin: string): string {
  const { isForm, fields } = bodyOf(operation);
  const isDefaultMethod = method === 'GET' || fields !== undefined;
  const lines = [
    `curl ${isDefaultMethod ? '' : `-X ${method} `}"${origin}${filledIn(path)}"`,
    ...(operation.security === undefined ? ['-H "Authorization: Bearer $API_KEY"'] : []),
  ];
  const { file } = SDK_METHODS[operation.operationId] ?? {};
  if (isForm && file !== undefined) lines.push(`-F "${file}=@${fileName(file)}"`);
  if (isForm) lines.push(...Object.entries(fields ?? {}).map(([name, value]) => `-F "${name}=${String(value)}"`));
  else if (fields !== undefined)
    lines.push(
      '-H "Content-Type: application/json"',
      `-d '${JSON.stringify(fields, null, 2).replaceAll("'", "'\\''")}'`,
    );
  return lines.join(' \\\n  ');
}

function pythonSample(request: SampledRequest, origin: string): string {
  const { operation } = request;
  const { base, rest } = splitPath(request.path);
  const { fields } = bodyOf(operation);
  const sdk = SDK_METHODS[operation.operationId];
  const named = Object.entries(fields ?? {}).map(([name, value]) => `    ${name}=${pythonLiteral(value, 1)},\n`);
  if (sdk?.file !== undefined) named.unshift(`    ${sdk.file}=open("${fileName(sdk.file)}", "rb"),\n`);
  const ids = idsIn(rest).map((id) => `"${id}"`);
  const call =
    sdk === undefined
      ? `client.${request.method.toLowerCase()}(\n    "${filledIn(rest)}",\n    cast_to=object,${fields === undefined ? '' : `\n    body=${pythonLiteral(fields, 1)},`}\n)`
      : `client.${sdk.python ?? sdk.node}(${named.length === 0 ? ids.join(', ') : `\n${ids.map((id) => `    ${id},\n`).join('')}${named.join('')}`})`;
  return `import os
from openai import OpenAI

client = OpenAI(base_url="${origin}${base}", api_key=os.environ["API_KEY"])
response = ${call}
print(response)`;
}

function nodeSample(request: SampledRequest, origin: string): string {
  const { operation } = request;
  const { base, rest } = splitPath(request.path);
  const { fields } = bodyOf(operation);
  const sdk = SDK_METHODS[operation.operationId];
  const file = sdk?.file === undefined ? '' : `\n  ${sdk.file}: createReadStream('${fileName(sdk.file)}'),`;
  const body = fields === undefined ? undefined : javascriptLiteral(fields, 0).replace('{', `{${file}`);
  const args = [...idsIn(rest).map((id) => `'${id}'`), ...(body === undefined ? [] : [body])].join(', ');
  const call =
    sdk === undefined
      ? `client.${request.method.toLowerCase()}('${filledIn(rest)}'${fields === undefined ? '' : `, {\n  body: ${javascriptLiteral(fields, 1)},\n}`})`
      : `client.${sdk.node}(${args})`;
  return `${file === '' ? '' : "import { createReadStream } from 'node:fs';\n"}import OpenAI from 'openai';

const client = new OpenAI({ baseURL: '${origin}${base}', apiKey: process.env.API_KEY });
const response = await ${call};
console.log(response);`;
}

function bodyOf({ requestBody }: DocumentedOperation): { isForm: boolean; fields?: Readonly<Record<string, unknown>> } {
  const [[mediaType, { example }] = ['', { example: undefined }]] = Object.entries(requestBody?.content ?? {});
  return {
    isForm: mediaType === 'multipart/form-data',
    ...(example !== undefined && { fields: example as Readonly<Record<string, unknown>> }),
  };
}

/** Splits off the version, which is part of the base URL of a client. */
function splitPath(path: string): { base: string; rest: string } {
  const [, base = '', rest = ''] = /^(\/v\d+)(\/.*)$/.exec(path) ?? [];
  return { base, rest };
}

function filledIn(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => placeholder(name));
}

function idsIn(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => placeholder(name as string));
}

function placeholder(name: string): string {
  return `${name.toUpperCase()}_ID`;
}

function fileName(field: string): string {
  return field === 'image' ? 'image.png' : 'audio.mp3';
}

function pythonLiteral(value: unknown, depth: number): string {
  return literal(value, depth, PYTHON);
}

function javascriptLiteral(value: unknown, depth: number): string {
  return literal(value, depth, JAVASCRIPT);
}

interface Notation {
  readonly indent: string;
  /** Padding inside the braces of a single-line object. */
  readonly padding: string;
  readonly key: (name: string) => string;
  readonly scalar: (value: unknown) => string;
}

const PYTHON: Notation = {
  indent: '    ',
  padding: '',
  key: (name) => JSON.stringify(name),
  scalar: (value) =>
    value === null ? 'None' : value === true ? 'True' : value === false ? 'False' : JSON.stringify(value),
};
const JAVASCRIPT: Notation = {
  indent: '  ',
  padding: ' ',
  key: (name) => name,
  scalar: (value) =>
    typeof value === 'string' ? `'${JSON.stringify(value).slice(1, -1).replaceAll("'", "\\'")}'` : String(value),
};

/** Arrays and objects without nested ones are written on one line. */
function literal(value: unknown, depth: number, notation: Notation): string {
  if (typeof value !== 'object' || value === null) return notation.scalar(value);
  const isList = Array.isArray(value);
  const parts = Object.entries(value).map(([name, part]) => {
    const text = literal(part, depth + 1, notation);
    return isList ? text : `${notation.key(name)}: ${text}`;
  });
  const isFlat = depth > 0 && Object.values(value).every((part) => typeof part !== 'object');
  if (isFlat) return isList ? `[${parts.join(', ')}]` : `{${notation.padding}${parts.join(', ')}${notation.padding}}`;
  const inner = notation.indent.repeat(depth + 1);
  const lines = parts.map((part) => `${inner}${part},\n`).join('');
  const [open, close] = isList ? ['[', ']'] : ['{', '}'];
  return `${open}\n${lines}${notation.indent.repeat(depth)}${close}`;
}
