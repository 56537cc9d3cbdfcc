/** Code samples (`x-codeSamples`) for curl and the OpenAI SDKs for Python and Node, from the `example` of an operation. */
import { authenticationOf, isForOwnSite, SESSION_COOKIE } from '../operation/authentication.ts';
import type { OperationDefinition } from '../operation/define-operation.ts';
import type { CodeSample } from './openapi-document.ts';

/** Placeholder for scheme and host; the reference page replaces it by the base URL, project and endpoint included. */
export const SAMPLE_BASE_URL = '{base_url}';

/**
 * Public operations have a curl sample only, WebSockets none.
 * @param path of the operation on one of its bases, such as `/{project}/v1/models/{model}`.
 */
export function codeSamples(operation: OperationDefinition, path: string): CodeSample[] {
  const curl = { lang: 'Shell', label: 'curl', source: curlSample(operation, path) } as const;
  if (operation.permission === null) return [curl];
  if (operation.webSocket !== undefined) return webSocketSamples(operation, path);
  return [
    curl,
    { lang: 'Python', label: 'Python', source: pythonSample(operation, path) },
    { lang: 'JavaScript', label: 'Node', source: nodeSample(operation, path) },
  ];
}

function curlSample(operation: OperationDefinition, path: string): string {
  const { method, files, example } = operation;
  const auth = authenticationOf(operation);
  // curl sends a POST if there is a body.
  const isDefaultMethod = method === (example === undefined && files === undefined ? 'get' : 'post');
  const lines = [
    `curl ${isDefaultMethod ? '' : `-X ${method.toUpperCase()} `}"${SAMPLE_BASE_URL}${filledIn(path)}"`,
    ...(auth === 'key' || auth === 'either' ? ['-H "Authorization: Bearer $API_KEY"'] : []),
    ...(auth === 'session' ? [`-H "Cookie: ${SESSION_COOKIE}=$SESSION"`] : []),
    ...((auth === 'session' || auth === 'none') && isForOwnSite(operation) ? [`-H "Origin: ${SAMPLE_BASE_URL}"`] : []),
  ];
  const [file] = files ?? [];
  if (file !== undefined) {
    lines.push(`-F "${file.name}=@${fileName(file.name, path)}"`);
    lines.push(...Object.entries(example ?? {}).map(([name, value]) => `-F "${name}=${String(value)}"`));
  } else if (example !== undefined) {
    lines.push(
      '-H "Content-Type: application/json"',
      `-d '${JSON.stringify(example, null, 2).replaceAll("'", "'\\''")}'`,
    );
  }
  return lines.join(' \\\n  ');
}

function pythonSample({ sdk, method, files, example }: OperationDefinition, path: string): string {
  const { base, rest } = splitPath(path);
  const [file] = files ?? [];
  const named = Object.entries(example ?? {}).map(([name, value]) => `    ${name}=${pythonLiteral(value, 1)},\n`);
  if (file !== undefined) named.unshift(`    ${file.name}=open("${fileName(file.name, path)}", "rb"),\n`);
  const ids = idsIn(rest).map((id) => `"${id}"`);
  const call =
    sdk === undefined
      ? `client.${method}(\n    "${filledIn(rest)}",\n    cast_to=object,${example === undefined ? '' : `\n    body=${pythonLiteral(example, 1)},`}\n)`
      : `client.${sdk.python ?? sdk.node}(${named.length === 0 ? ids.join(', ') : `\n${ids.map((id) => `    ${id},\n`).join('')}${named.join('')}`})`;
  return `import os
from openai import OpenAI

client = OpenAI(base_url="${SAMPLE_BASE_URL}${base}", api_key=os.environ["API_KEY"])
response = ${call}
print(response)`;
}

function nodeSample({ sdk, method, files, example }: OperationDefinition, path: string): string {
  const { base, rest } = splitPath(path);
  const [file] = files ?? [];
  const fileLine = file === undefined ? '' : `\n  ${file.name}: createReadStream('${fileName(file.name, path)}'),`;
  const hasBody = example !== undefined || file !== undefined;
  const body = hasBody ? javascriptLiteral(example ?? {}, 0).replace('{', `{${fileLine}`) : undefined;
  const args = [...idsIn(rest).map((id) => `'${id}'`), ...(body === undefined ? [] : [body])].join(', ');
  const call =
    sdk === undefined
      ? `client.${method}('${filledIn(rest)}'${example === undefined ? '' : `, {\n  body: ${javascriptLiteral(example, 1)},\n}`})`
      : `client.${sdk.node}(${args})`;
  return `${file === undefined ? '' : "import { createReadStream } from 'node:fs';\n"}import OpenAI from 'openai';

const client = new OpenAI({ baseURL: '${SAMPLE_BASE_URL}${base}', apiKey: process.env.API_KEY });
const response = await ${call};
console.log(response);`;
}

/** Sends the example as event of the client. */
function webSocketSamples({ sdk, example = {} }: OperationDefinition, path: string): CodeSample[] {
  const { base } = splitPath(path);
  const [resource] = (sdk?.node ?? '').split('.');
  const { type, ...named } = example;
  const args = Object.entries(named).map(([name, value]) => `        ${name}=${pythonLiteral(value, 2)},\n`);
  return [
    {
      lang: 'Python',
      label: 'Python',
      source: `import os
from openai import OpenAI

client = OpenAI(base_url="${SAMPLE_BASE_URL}${base}", api_key=os.environ["API_KEY"])
with client.${sdk?.python ?? ''}() as connection:
    connection.${String(type)}(
${args.join('')}    )
    for event in connection:
        print(event)
        if event.type in ("response.completed", "response.incomplete", "response.failed", "error"):
            break`,
    },
    {
      lang: 'JavaScript',
      label: 'Node',
      source: `import OpenAI from 'openai';
import { ${sdk?.node.split('.')[1] ?? ''} } from 'openai/resources/${resource ?? ''}/ws';

const client = new OpenAI({ baseURL: '${SAMPLE_BASE_URL}${base}', apiKey: process.env.API_KEY });
const socket = new ${sdk?.node.split('.')[1] ?? ''}(client);
socket.send(${javascriptLiteral(example, 0)});
for await (const event of socket) {
  if (event.type === 'error') throw event.error;
  if (event.type !== 'message') continue;
  console.log(event.message);
  if (/^response\\.(completed|incomplete|failed)$/.test(event.message.type)) socket.close();
}`,
    },
  ];
}

/** The version, and project and endpoint where they are in the path, belong to the base URL of a client. */
function splitPath(path: string): { base: string; rest: string } {
  const [, base = '', rest = ''] = /^(.*?\/v\d+)(\/.*)$/.exec(path) ?? [];
  return { base: filledIn(base), rest };
}

function filledIn(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => placeholder(name));
}

function idsIn(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => placeholder(name as string));
}

function placeholder(name: string): string {
  return name === 'slug' ? 'ENDPOINT_SLUG' : `${name.replace(/_id$/, '').toUpperCase()}_ID`;
}

function fileName(field: string, path: string): string {
  if (field === 'data') return 'part.bin';
  if (path.endsWith('/files')) return 'input.jsonl';
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
  /** Inside the braces of an object on one line. */
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

/** What holds neither lists nor objects stays on one line. */
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
