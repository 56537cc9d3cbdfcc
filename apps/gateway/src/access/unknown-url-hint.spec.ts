import { unknownUrlHint } from './unknown-url-hint.ts';

describe('the hint for an unknown URL', () => {
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
  ])('of %s names %s', (path, meant) => {
    expect(unknownUrlHint(path)).toContain(`Did you mean ${meant}?`);
  });

  it.each([
    ['/v1', 'POST /v1/chat/completions'],
    ['/proj_A1/chat/v1', 'POST /proj_A1/chat/v1/chat/completions'],
    ['/proj_A1', 'the base URL /proj_A1/v1'],
    ['/proj_A1/chat', 'the base URL /proj_A1/chat/v1'],
    ['/v1/completions', 'legacy completions API is not served: send messages to /v1/chat/completions'],
    ['/proj_A1/chat/v1/completions', 'send messages to /proj_A1/chat/v1/chat/completions'],
    ['/completions', 'send messages to /v1/chat/completions'],
    ['/proj_A1/v1/responses', 'The Responses API is not served yet: send messages to /proj_A1/v1/chat/completions'],
    ['/v1/responses/resp_1/cancel', 'Responses API'],
    ['/v1/files', 'The API of /files is not served'],
    ['/proj_A1/v1/fine_tuning/jobs', 'The API of /fine_tuning is not served'],
  ])('of %s says: %s', (path, words) => {
    expect(unknownUrlHint(path)).toContain(words);
  });

  it.each(['/v1/moods', '/proj_A1/v1/chat', '/proj_A1/chat/v1/chat/completions/a/b', '/v1/chat/completions/a/b/c'])(
    'of %s, below a right base, says that the base is right',
    (path) => {
      expect(unknownUrlHint(path)).toBe(
        'The base URL is right, and nothing is served under this path. GET /docs lists what is served.',
      );
    },
  );

  it.each(['/favicon.ico', '/nothing/here', `/${'x'.repeat(16_000)}`, `/${'v1/'.repeat(5_000)}`])(
    'of anything else (%#) says what a base URL is',
    (path) => {
      expect(unknownUrlHint(path)).toMatch(/^A base URL is \/v1, /);
    },
  );
});
