/** The document as one static page: no script, and nothing that is loaded from anywhere. */
import { createHash } from 'node:crypto';
import { BASES } from '@xerotier/public-api/operation';
import { openapiDocument } from './document.ts';
import { inline, Markup, markup, prose } from './markup.ts';
import type { DocumentedOperation, DocumentedResponse, OpenapiDocument, Parameter } from '@xerotier/public-api/openapi';
import { PAGE_STYLE } from './page-style.ts';
import { boundsText, fieldList, fieldText, typeText } from './schema-markup.ts';

/** Not escaped: quotes of a style are its own, and the policy has the hash of this very text. */
const style = new Markup(PAGE_STYLE);
const styleHash = createHash('sha256').update(PAGE_STYLE).digest('base64');
export const CONTENT_SECURITY_POLICY = `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

let page: string | undefined;

export function referencePage(): string {
  return (page ??= pageOf(openapiDocument()));
}

interface Place {
  readonly method: string;
  readonly path: string;
  readonly operation: DocumentedOperation;
}

export function pageOf(document: OpenapiDocument): string {
  const { title, description } = document.info;
  const places = placesOf(document);
  const links = places.map(
    ({ operation: { operationId, summary } }) => markup`<li><a href="#${operationId}">${summary}</a></li>\n`,
  );
  const sections = document.tags.map((tag) => {
    const tagged = places.filter(({ operation }) => operation.tags.includes(tag.name));
    const articles = tagged.map((place) => operationArticle(place, document));
    return markup`<section><h2>${tag.name}</h2>${prose(tag.description)}\n${articles}</section>\n`;
  });
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} API</title>
<style>${style}</style>
</head>
<body>
<header><h1>${title} API</h1>${prose(description)}<p><a href="/openapi.json">openapi.json</a> is the same for programs.</p></header>
<nav><ul>
${links}</ul></nav>
${sections}<section><h2>Schemas</h2>
${schemaArticles(document)}</section>
</body>
</html>
`.text;
}

/** What is on every base is told once. */
function placesOf({ paths }: OpenapiDocument): Place[] {
  return Object.entries(paths)
    .filter(([path]) => !/^(?:\/\{project\})?\/v\d/.test(path))
    .flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
    );
}

function operationArticle({ method, path, operation }: Place, document: OpenapiDocument): Markup {
  const { operationId, summary, description, parameters, requestBody, responses } = operation;
  const others = BASES.slice(1).map(({ path: base }) => path.replace(BASES[0].path, base));
  const also = others.includes(path) ? '' : others.map((other) => markup` or <code>${other}</code>`);
  const parameterItems = parameters.map((parameter) => parameterItem(resolved(parameter, document)));
  return markup`<article id="${operationId}"><h3>${summary}</h3>
<p><span class="method">${method}</span><code>${path}</code>${also}</p>
${description === undefined ? '' : prose(description)}
${parameterItems.length === 0 ? '' : markup`<h4>Parameters</h4><ul>${parameterItems}</ul>`}
${requestBody === undefined ? '' : markup`<h4>Body</h4>${contentList(requestBody.content)}`}
<h4>Example</h4><pre>${curlExample(method, path, operation)}</pre>
<h4>Answers</h4><ul>${Object.entries(responses).map(answerItem)}</ul></article>
`;
}

function parameterItem({ name, in: place, required, description = '', schema }: Parameter): Markup {
  const type = markup`${typeText(schema)}, in the ${place}`;
  return markup`<li>${fieldText({ name, type, isRequired: required, bounds: boundsText(schema), description })}</li>`;
}

function resolved(parameter: Parameter | { $ref: string }, { components }: OpenapiDocument): Parameter {
  if (!('$ref' in parameter)) return parameter;
  return components.parameters[parameter.$ref.slice(parameter.$ref.lastIndexOf('/') + 1)] as Parameter;
}

function contentList(content: DocumentedResponse['content']): Markup {
  const items = Object.entries(content).map(
    ([type, { schema }]) => markup`<li><code>${type}</code> ${schema === undefined ? '' : typeText(schema)}</li>`,
  );
  return markup`<ul>${items}</ul>`;
}

function answerItem([status, { description, headers = {}, content, 'x-error-codes': codes }]: [
  string,
  DocumentedResponse,
]): Markup {
  const said = markup`<code>${status}</code> ${inline(description)}`;
  // All errors have the one schema that the introduction names.
  if (codes !== undefined) return markup`<li>${said}</li>`;
  return markup`<li>${said}${contentList(content)}<small>${Object.keys(headers).join(', ')}</small></li>`;
}

function curlExample(method: string, path: string, { requestBody, security }: DocumentedOperation): string {
  const address = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => `$${name.toUpperCase()}`);
  const [[type, { example }] = ['', { example: undefined }]] = Object.entries(requestBody?.content ?? {});
  const isDefault = method === 'GET' || example !== undefined;
  const lines = [
    `curl ${isDefault ? '' : `-X ${method} `}"$HOST${address}"`,
    ...(security === undefined ? ['-H "Authorization: Bearer $API_KEY"'] : []),
    ...(example === undefined ? [] : [`-H "Content-Type: ${type}"`, `-d '${JSON.stringify(example)}'`]),
  ];
  return lines.join(' \\\n  ');
}

function schemaArticles({ components }: OpenapiDocument): Markup[] {
  return Object.entries(components.schemas).map(
    ([name, schema]) => markup`<article id="${name}"><h3>${name}</h3>${fieldList(schema)}</article>\n`,
  );
}
