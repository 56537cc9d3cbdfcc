/** The reference page: Redoc, served by the gateway, with the embedded document. It loads nothing from other hosts. */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { SAMPLE_BASE_URL } from '@xerotier/public-api/openapi';
import type { DocumentedOperation, OpenapiDocument } from '@xerotier/public-api/openapi';
import { getReferencePageScript } from '@xerotier/public-api/reference';
import { openapiDocument } from './document.ts';

const require = createRequire(import.meta.url);

/** The path of the Redoc bundle. */
const REDOC_PATH = getReferencePageScript.path;

/** Returns the file of the Redoc bundle. It is 1.1 MB, so it is streamed from disk. */
export function redocFile(): string {
  return require.resolve('redoc/bundles/redoc.standalone.js');
}

/** Instead of `SAMPLE_BASE_URL`, for what belongs to a project as a whole. */
const PROJECT_BASE_URL = '{project_base_url}';

/**
 * The browser replaces `SAMPLE_BASE_URL` by its origin, and project and endpoint of the query; `PROJECT_BASE_URL` likewise, without
 * the endpoint.
 * `/docs?project=P&endpoint=E` shows the URLs of that endpoint; without a query those of the root base URL.
 */
const SCRIPT = `
const { origin, searchParams } = new URL(location.href);
const names = [searchParams.get('project'), searchParams.get('project') && searchParams.get('endpoint')].filter(Boolean);
const base = [origin, ...names.map(encodeURIComponent)].join('/');
const projectBase = [origin, ...names.slice(0, 1).map(encodeURIComponent)].join('/');
const text = document
  .getElementById('document')
  .textContent.replaceAll('${SAMPLE_BASE_URL}', base)
  .replaceAll('${PROJECT_BASE_URL}', projectBase);
Redoc.init(JSON.parse(text), {
  downloadUrls: [{ title: 'openapi.json', url: '/openapi.json' }],
  expandResponses: '200',
  nativeScrollbars: true,
  sanitize: true,
  theme: {
    typography: {
      fontFamily: 'system-ui, sans-serif',
      headings: { fontFamily: 'system-ui, sans-serif' },
      code: { fontFamily: 'ui-monospace, monospace' },
    },
  },
}, document.getElementById('reference'));
`;
const STYLE = 'body { margin: 0; }';

const sha256 = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/**
 * styled-components, which Redoc uses, adds an empty style element and inserts rules by script: the hash of the empty text allows
 * that, and no other style. The search index is built in a web worker from a blob.
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `script-src 'self' ${sha256(SCRIPT)}`,
  `style-src ${sha256(STYLE)} ${sha256('')}`,
  "img-src 'self' data:",
  'worker-src blob:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

let page: string | undefined;

export function referencePage(): string {
  return (page ??= pageOf(openapiDocument()));
}

export function pageOf(document: OpenapiDocument): string {
  // `<` is the only character that could end the script element.
  const json = JSON.stringify(referenceDocument(document)).replaceAll('<', '\\u003c');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${document.info.title} API</title>
<style>${STYLE}</style>
</head>
<body>
<div id="reference"></div>
<noscript>This page requires JavaScript. The specification is available as <a href="/openapi.json">openapi.json</a>.</noscript>
<script type="application/json" id="document">${json}</script>
<script src="${REDOC_PATH}"></script>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

/** Returns the document for the page: each operation once, on the root base URL. */
export function referenceDocument(document: OpenapiDocument): OpenapiDocument {
  const paths = Object.entries(document.paths)
    .filter(([path]) => !path.startsWith('/{project}') && path !== REDOC_PATH)
    .map(([path, item]) => {
      const methods = Object.entries(item).map(([method, operation]): [string, DocumentedOperation] => {
        const operationId = operation.operationId.replace(/ByKey$/, '');
        const shown = { ...operation, operationId };
        return [method, isOfProject(document, path) ? withProjectBase(shown) : shown];
      });
      return [path, Object.fromEntries(methods)] as const;
    });
  return { ...document, servers: [{ url: SAMPLE_BASE_URL }], paths: Object.fromEntries(paths) };
}

function isOfProject({ paths }: OpenapiDocument, path: string): boolean {
  return paths[`/{project}${path}`] !== undefined && paths[`/{project}/{endpoint}${path}`] === undefined;
}

function withProjectBase(operation: DocumentedOperation): DocumentedOperation {
  const samples = operation['x-codeSamples'] ?? [];
  return {
    ...operation,
    servers: [{ url: PROJECT_BASE_URL }],
    'x-codeSamples': samples.map(({ source, ...sample }) => ({
      ...sample,
      source: source.replaceAll(SAMPLE_BASE_URL, PROJECT_BASE_URL),
    })),
  };
}
