import type { PlatformDescription } from './platform.ts';

/** What a person reads when it runs: the address, the key, and a line to paste. */
export function welcome({ baseUrl, projectUrl, projectId, endpointSlug, apiKey, model }: PlatformDescription): string {
  const url = `${baseUrl}/${projectId}/${endpointSlug}/v1`;
  const body = JSON.stringify({
    model,
    messages: [{ role: 'user', content: 'What is the capital of France?' }],
    max_tokens: 100,
  });
  return [
    '',
    'Xerotier is running.',
    '',
    `  base URL  ${url}`,
    `  API key   ${apiKey}`,
    `  model     ${model} (all of them: ${projectUrl}/models)`,
    `  API       ${baseUrl}/docs`,
    '',
    'Ask it something (add "stream": true to see it token by token):',
    '',
    `curl ${url}/chat/completions \\`,
    `  -H "Authorization: Bearer ${apiKey}" \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -d ${shellQuoted(body)}`,
    '',
    'Ctrl-C or `npm stop` ends it; data stay in .xerotier/ (`npm run reset` removes them).',
    '',
  ].join('\n');
}

/** As one word for a POSIX shell, whatever it holds. */
function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
