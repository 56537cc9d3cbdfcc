/** Code samples for curl, Python and Node, from the `example` of an operation. `$BASE_URL` is scheme and host. */
import type { OperationDefinition } from '../operation/define-operation.ts';
import type { CodeSample } from './openapi-document.ts';

interface Sample {
  readonly method: string;
  /** With shell variables `$NAME` for its parameters. */
  readonly path: string;
  readonly requiresKey: boolean;
  /** The first file field of a form. */
  readonly file: string | undefined;
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

export function codeSamples(operation: OperationDefinition, path: string): CodeSample[] {
  const sample: Sample = {
    method: operation.method.toUpperCase(),
    path: path.replaceAll(/\{(\w+)\}/g, (_, name: string) => `$${name.toUpperCase()}`),
    requiresKey: operation.permission !== null,
    file: operation.files?.[0]?.name,
    body: operation.example,
  };
  return [
    { lang: 'Shell', label: 'curl', source: curl(sample) },
    { lang: 'Python', label: 'Python', source: python(sample) },
    { lang: 'JavaScript', label: 'Node', source: node(sample) },
  ];
}

function curl({ method, path, requiresKey, file, body }: Sample): string {
  const isDefault = method === 'GET' || body !== undefined;
  const fields = Object.entries(body ?? {}).map(([name, value]) => `-F ${name}="${String(value)}"`);
  const lines = [
    `curl ${isDefault ? '' : `-X ${method} `}"$BASE_URL${path}"`,
    ...(requiresKey ? ['-H "Authorization: Bearer $API_KEY"'] : []),
    ...(file !== undefined ? [...fields, `-F ${file}=@file`] : []),
    ...(body !== undefined && file === undefined
      ? ['-H "Content-Type: application/json"', `-d '${JSON.stringify(body).replaceAll("'", `'\\''`)}'`]
      : []),
  ];
  return lines.join(' \\\n  ');
}

/** Replaces the shell variables of a path by those of a string template. */
function withVariables(path: string, write: (name: string) => string): string {
  return path.replaceAll(/\$([A-Z_]+)/g, (_, name: string) => write(name));
}

function python({ method, path, requiresKey, file, body }: Sample): string {
  const url = withVariables(`$BASE_URL${path}`, (name) => `{os.environ['${name}']}`);
  const data = body === undefined ? undefined : pythonLiteral(body);
  const lines = [
    `    f"${url}",`,
    ...(requiresKey ? [`    headers={"Authorization": f"Bearer {os.environ['API_KEY']}"},`] : []),
    ...(file !== undefined ? [`    data=${data},`, `    files={"${file}": open("file", "rb")},`] : []),
    ...(data !== undefined && file === undefined ? [`    json=${data},`] : []),
  ];
  return [
    'import os',
    'import requests',
    '',
    `response = requests.${method.toLowerCase()}(`,
    ...lines,
    ')',
    'print(response.text)',
  ].join('\n');
}

function pythonLiteral(value: unknown): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (Array.isArray(value)) return `[${value.map(pythonLiteral).join(', ')}]`;
  if (typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([name, inner]) => `${JSON.stringify(name)}: ${pythonLiteral(inner)}`)
    .join(', ')}}`;
}

function node({ method, path, requiresKey, file, body }: Sample): string {
  const url = withVariables(`$BASE_URL${path}`, (name) => `\${process.env.${name}}`);
  const headers = [
    ...(requiresKey ? ['Authorization: `Bearer ${process.env.API_KEY}`'] : []),
    ...(body !== undefined && file === undefined ? ["'Content-Type': 'application/json'"] : []),
  ];
  const form = Object.entries(body ?? {}).map(
    ([name, value]) => `form.set('${name}', ${JSON.stringify(String(value))});`,
  );
  const options = [
    ...(method === 'GET' ? [] : [`  method: '${method}',`]),
    ...(headers.length === 0 ? [] : [`  headers: { ${headers.join(', ')} },`]),
    ...(file !== undefined ? ['  body: form,'] : []),
    ...(body !== undefined && file === undefined ? [`  body: JSON.stringify(${JSON.stringify(body)}),`] : []),
  ];
  return [
    ...(file !== undefined
      ? [
          "import { openAsBlob } from 'node:fs';",
          '',
          'const form = new FormData();',
          ...form,
          `form.set('${file}', await openAsBlob('file'));`,
          '',
        ]
      : []),
    `const response = await fetch(\`${url}\`${options.length === 0 ? ');' : ', {'}`,
    ...(options.length === 0 ? [] : [...options, '});']),
    'console.log(await response.text());',
  ].join('\n');
}
