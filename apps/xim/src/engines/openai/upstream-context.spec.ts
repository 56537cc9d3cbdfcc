import { contextTokensIn } from './upstream-context.ts';

describe('contextTokensIn', () => {
  it.each([
    ['vLLM and SGLang', { id: 'm', max_model_len: 4_096 }, 4_096],
    ['llama-server', { id: 'm', meta: { n_ctx: 2_048, n_ctx_train: 131_072 } }, 2_048],
    ['an older llama-server', { id: 'm', meta: { n_vocab: 1, n_ctx_train: 131_072 } }, 131_072],
    ['LM Studio', { id: 'm', max_context_length: 131_072, loaded_context_length: 4_096 }, 4_096],
    ['OpenRouter', { id: 'm', context_length: 200_000, top_provider: { context_length: 131_072 } }, 131_072],
    ['Together', { id: 'm', context_length: 8_192 }, 8_192],
    ['Groq', { id: 'm', context_window: 32_768 }, 32_768],
    ['Mistral', { id: 'm', max_context_length: 32_768 }, 32_768],
    ['a count as a string', { id: 'm', max_model_len: '4096' }, 4_096],
    ['null next to another count', { id: 'm', max_model_len: null, context_length: 8_192 }, 8_192],
  ])('reads the format of %s', (_who, entry, tokens) => {
    expect(contextTokensIn(entry)).toBe(tokens);
  });

  it.each([
    {},
    { max_model_len: 0 },
    { max_model_len: -1 },
    { max_model_len: 4_294_967_296 },
    { context_length: 'long' },
    { meta: 5 },
    null,
    'm',
    [4_096],
  ])('returns undefined for %j', (entry) => {
    expect(contextTokensIn(entry)).toBeUndefined();
  });
});
