import { relative } from 'node:path';
import { defaultStateDir, projectRoot } from './project-paths.ts';
import type { PlatformDescription } from './platform.ts';

const PROMPT = 'What is the capital of France?';

/** An example request for each task that fits on one line. Audio and images need a file: they have no example. */
const EXAMPLES: Readonly<Record<string, { readonly path: string; readonly body: object }>> = {
  generate: { path: 'chat/completions', body: { messages: [{ role: 'user', content: PROMPT }], max_tokens: 100 } },
  embed: { path: 'embeddings', body: { input: PROMPT } },
  score: { path: 'rerank', body: { query: PROMPT, documents: ['Paris is in France.', 'Bread is baked.'] } },
};

/**
 * Returns the text that is printed once the platform runs: address, key, and an example.
 * @param notices additional notices; default none.
 */
export function welcome(
  { baseUrl, projectUrl, projectId, endpointSlug, apiKey, model, mailDirectory, bootstrapToken }: PlatformDescription,
  notices: readonly string[] = [],
): string {
  const url = `${baseUrl}/${projectId}/${endpointSlug}/v1`;
  return [
    '',
    'Xerotier is running.',
    ...notices.map((notice) => `Note: ${notice}`),
    '',
    `  base URL  ${url}`,
    `  API key   ${apiKey}`,
    `  model     ${model} (all of them: ${projectUrl}/models)`,
    `  API       ${baseUrl}/docs`,
    ...(mailDirectory === null ? [] : [`  mail      ${mailDirectory} (set SMTP_URL to send it)`]),
    ...(bootstrapToken === null ? [] : bootstrapLines(baseUrl, bootstrapToken)),
    '',
    'Try it (add "stream": true to stream the response):',
    '',
    ...curlLines({ url, apiKey, model, task: 'generate' }),
    '',
    `Ctrl-C or \`npm stop\` stops it; data is kept in ${folderName()} (\`npm run reset\` removes it).`,
    '',
  ].join('\n');
}

/** How somebody becomes the first admin. */
function bootstrapLines(baseUrl: string, token: string): string[] {
  const body = { token, email: 'you@example.com', password: 'choose a password', name: 'You' };
  return [
    '',
    'There is no admin yet. This makes you one, and an owner of the demo project (once, within an hour):',
    '',
    `curl ${baseUrl}/api/v1/bootstrap \\`,
    `  -H "Origin: ${baseUrl}" \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -d ${shellQuoted(JSON.stringify(body))}`,
  ];
}

/** Relative to the project, unless XEROTIER_HOME is elsewhere. */
function folderName(): string {
  const path = relative(projectRoot, defaultStateDir.root);
  return path.startsWith('..') ? defaultStateDir.root : path;
}

/** Returns a command for an endpoint to paste into a shell; empty when its task has no example. */
export function curlLines(to: {
  /** URL of the endpoint, with /v1. */
  readonly url: string;
  readonly apiKey: string;
  readonly model: string;
  readonly task: string;
}): string[] {
  const example = EXAMPLES[to.task];
  if (example === undefined) return [];
  return [
    `curl ${to.url}/${example.path} \\`,
    `  -H "Authorization: Bearer ${to.apiKey}" \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -d ${shellQuoted(JSON.stringify({ model: to.model, ...example.body }))}`,
  ];
}

/** Quotes text as one word for a POSIX shell. */
function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
