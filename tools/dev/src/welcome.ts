import type { PlatformDescription } from './platform.ts';

const PROMPT = 'What is the capital of France?';

/** What can be asked of an endpoint in one line, by its task. Sound and images need a file: those have no example. */
const EXAMPLES: Readonly<Record<string, { readonly path: string; readonly body: object }>> = {
  generate: { path: 'chat/completions', body: { messages: [{ role: 'user', content: PROMPT }], max_tokens: 100 } },
  embed: { path: 'embeddings', body: { input: PROMPT } },
  score: { path: 'rerank', body: { query: PROMPT, documents: ['Paris is in France.', 'Bread is baked.'] } },
};

/**
 * What a person reads when it runs: the address, the key, and a line to paste.
 * @param notices what they should know besides; default nothing.
 */
export function welcome(
  { baseUrl, projectUrl, projectId, endpointSlug, apiKey, model }: PlatformDescription,
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
    '',
    'Ask it something (add "stream": true to see it token by token):',
    '',
    ...curlLines({ url, apiKey, model, task: 'generate' }),
    '',
    'Ctrl-C or `npm stop` ends it; data stay in .xerotier/ (`npm run reset` removes them).',
    '',
  ].join('\n');
}

/** A command to paste into a shell, for an endpoint; none when its task has no example. */
export function curlLines(to: {
  /** Of the endpoint, with /v1. */
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

/** As one word for a POSIX shell, whatever it holds. */
function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
