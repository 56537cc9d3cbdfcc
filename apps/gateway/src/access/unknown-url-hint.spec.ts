import { unknownUrlHint } from './unknown-url-hint.ts';

describe('unknownUrlHint', () => {
  it.each([
    ['/chat/completions', '/v1/chat/completions'],
    ['/models', '/v1/models'],
    ['/models/tiny', '/v1/models/tiny'],
    ['/embeddings', '/v1/embeddings'],
    ['/proj_A1/chat/completions', '/proj_A1/v1/chat/completions'],
    ['/proj_A1/chat/chat/completions', '/proj_A1/chat/v1/chat/completions'],
    ['/proj_A1/chat/v2/chat/completions', '/proj_A1/chat/v1/chat/completions'],
    ['/v2/models', '/v1/models'],
    ['/v1beta/openai/chat/completions', '/v1/chat/completions'],
    ['/openai/deployments/x/chat/completions', '/v1/chat/completions'],
    ['/v1/v1/chat/completions', '/v1/chat/completions'],
    ['/v1/v1', '/v1'],
    ['/proj_A1/chat/v1/v1/chat/completions', '/proj_A1/chat/v1/chat/completions'],
  ])('suggests for %s the path %s', (path, suggestion) => {
    expect(unknownUrlHint(path)).toContain(`Did you mean ${suggestion}?`);
  });

  it.each([
    ['/v1', 'POST /v1/chat/completions'],
    ['/proj_A1/chat/v1', 'POST /proj_A1/chat/v1/chat/completions'],
    ['/proj_A1', 'the base URL /proj_A1/v1'],
    ['/proj_A1/chat', 'the base URL /proj_A1/chat/v1'],
    ['/v1/completions', 'legacy completions API is not supported: use /v1/chat/completions'],
    ['/proj_A1/chat/v1/completions', 'use /proj_A1/chat/v1/chat/completions'],
    ['/completions', 'use /v1/chat/completions'],
    ['/responses', 'Did you mean /v1/responses?'],
    ['/proj_A1/responses/resp_1/cancel', 'Did you mean /proj_A1/v1/responses/resp_1/cancel?'],
    ['/v1/threads', 'The /threads API is not supported'],
    ['/proj_A1/v1/fine_tuning/jobs', 'The /fine_tuning API is not supported'],
  ])('returns for %s: %s', (path, text) => {
    expect(unknownUrlHint(path)).toContain(text);
  });

  it.each(['/v1/moods', '/proj_A1/v1/chat', '/proj_A1/chat/v1/chat/completions/a/b', '/v1/chat/completions/a/b/c'])(
    'says that the base URL of %s is correct',
    (path) => {
      expect(unknownUrlHint(path)).toBe(
        'The base URL is correct, but the path does not exist. See GET /docs for all paths.',
      );
    },
  );

  it.each(['/favicon.ico', '/nothing/here', `/${'x'.repeat(16_000)}`, `/${'v1/'.repeat(5_000)}`])(
    'describes base URLs for any other path (%#)',
    (path) => {
      expect(unknownUrlHint(path)).toMatch(/^A base URL is \/v1, /);
    },
  );
});
