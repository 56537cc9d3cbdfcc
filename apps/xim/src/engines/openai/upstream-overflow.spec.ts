import { readOverflow } from './upstream-overflow.ts';

const of = (message: string): ReturnType<typeof readOverflow> => readOverflow(JSON.stringify({ error: { message } }));

describe('readOverflow', () => {
  it.each([
    [
      'OpenAI',
      "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4000 in the messages, 1000 in the completion).",
      4_000,
      4_096,
    ],
    [
      'OpenAI with functions',
      "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (3500 in the messages, 500 in the functions, 1000 in the completion).",
      4_000,
      4_096,
    ],
    [
      'OpenAI without a limit',
      "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
      9_000,
      8_192,
    ],
    [
      'vLLM',
      "'max_tokens' is too large: 5000. This model's maximum context length is 4096 tokens and your request has 10 input tokens (5000 > 4096 - 10).",
      10,
      4_096,
    ],
    [
      'vLLM without a limit',
      "This model's maximum context length is 8192 tokens. However, your request has 9000 input tokens.",
      9_000,
      8_192,
    ],
    [
      'vLLM of 2026',
      "You passed 9000 input tokens and requested 1000 output tokens. However, the model's context length is only 8192 tokens, resulting in a maximum input length of 7192 tokens.",
      9_000,
      8_192,
    ],
    [
      "vLLM's engine",
      'The decoder prompt (length 9000) is longer than the maximum model length of 8192.',
      9_000,
      8_192,
    ],
    ['SGLang', "The input (9000 tokens) is longer than the model's context length (8192 tokens).", 9_000, 8_192],
    [
      'SGLang with a limit',
      "Requested token count exceeds the model's maximum context length of 8192 tokens. You requested a total of 10000 tokens: 9000 tokens from the input messages and 1000 tokens for the completion.",
      9_000,
      8_192,
    ],
    [
      "SGLang's scheduler",
      'Input length (9000 tokens) exceeds the maximum allowed length (8192 tokens). Use a shorter input.',
      9_000,
      8_192,
    ],
    [
      'llama-server',
      'request (9000 tokens) exceeds the available context size (8192 tokens), try increasing it',
      9_000,
      8_192,
    ],
    [
      'llama-server, embeddings',
      'input (9000 tokens) is too large to process. increase the physical batch size (current batch size: 512)',
      9_000,
      512,
    ],
    ['llama-cpp-python', 'Requested tokens (9000) exceed context window of 8192', 9_000, 8_192],
    [
      'llama-cpp-python over HTTP',
      "This model's maximum context length is 8192 tokens. However, you requested 10000 tokens (9000 in your prompt; 1000 for the completion).",
      9_000,
      8_192,
    ],
    [
      'TGI',
      'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8192. Given: 9000 `inputs` tokens and 1000 `max_new_tokens`',
      9_000,
      8_192,
    ],
    ['TEI', 'Input validation error: `inputs` must have less than 512 tokens. Given: 600', 600, 512],
    [
      'TensorRT-LLM',
      'The sum of prompt length (9000.0), query length (0) should not exceed max_num_tokens (8192)',
      9_000,
      8_192,
    ],
    ['TensorRT-LLM before', 'Prompt length (9000) exceeds maximum sequence length (8192)', 9_000, 8_192],
    [
      'Mistral',
      'Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length',
      40_000,
      32_768,
    ],
    ['Anthropic', 'prompt is too long: 210000 tokens > 200000 maximum', 210_000, 200_000],
    [
      'Gemini',
      'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
      1_200_000,
      1_048_576,
    ],
    ['xAI', "This model's maximum prompt length is 131072 but the request contains 150000 tokens.", 150_000, 131_072],
    [
      'Cohere',
      'too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 4292.',
      4_292,
      4_081,
    ],
    ['Fireworks', 'The prompt is too long: 9000, model maximum context length: 8191', 9_000, 8_191],
    ['MLC', 'Request prompt has 5000 tokens in total, larger than the model input length limit 4096.', 5_000, 4_096],
  ])('reads the counts of %s', (_who, message, promptTokens, contextTokens) => {
    expect(of(message)).toMatchObject({ promptTokens, contextTokens });
    expect(readOverflow(JSON.stringify({ object: 'error', message }))).toMatchObject({ promptTokens, contextTokens });
  });

  it.each([
    ['Ollama', 'the input length exceeds the context length', {}],
    ['Ollama before', 'input length exceeds maximum context length', {}],
    ['Ollama of 2026', 'prompt too long; exceeded max context length by 123 tokens', {}],
    ['llama-server before', 'the request exceeds the available context size, try increasing it', {}],
    [
      'LMDeploy',
      'The request length (input tokens + max_new_tokens) exceeds the session_len 8192',
      { contextTokens: 8_192 },
    ],
    [
      'LM Studio',
      'Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough.',
      { contextTokens: 4_096 },
    ],
    [
      'the sum alone',
      "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens.",
      { contextTokens: 8_192, requestedTokens: 9_000 },
    ],
  ])('detects the message of %s, without false counts', (_who, message, counts) => {
    expect(of(message)).toEqual(counts);
  });

  it('prefers the separate counts of llama-server to its message', () => {
    const error = { code: 400, type: 'exceed_context_size_error', message: 'no', n_prompt_tokens: 900, n_ctx: 512 };
    expect(readOverflow(JSON.stringify({ error }))).toEqual({ promptTokens: 900, contextTokens: 512 });
  });

  it('detects the error code', () => {
    const error = {
      code: 'context_length_exceeded',
      message: 'Please reduce the length of the messages or completion.',
    };
    expect(readOverflow(JSON.stringify({ error }))).toEqual({});
  });

  it.each([
    'top_p must be at most 1',
    "This model's maximum context length is 8192 tokens.",
    'max_tokens is too large: 5000. This model supports at most 4096 completion tokens, whereas you provided 5000.',
    "[] is too short - 'tools'",
    'image exceeds the maximum size of 5 MB',
    'batch size 64 > maximum allowed batch size 32',
    '',
  ])('returns undefined for %j', (message) => {
    expect(of(message)).toBeUndefined();
  });
});
