/** What is taken away, and which test has to notice. Each text stands exactly once in its file. */

export interface Removal {
  /** The row of the documents, and where it is taken away. */
  readonly name: string;
  readonly file: string;
  readonly text: string;
  readonly instead: string;
  /** What is run: end-to-end files by a pattern of their path, and there the tests with this name. */
  readonly suite: string;
  readonly test: string;
}

const PARAMETERS = 'seed-tables/request-parameters';
const FIELDS = 'seed-tables/response-fields';
const HEADERS = 'seed-tables/headers-and-errors';

interface Change {
  readonly file: string;
  readonly text: string;
  readonly instead: string;
}

const parameter = (name: string, where: string, change: Change): Removal => ({
  name: `${name} (${where})`,
  ...change,
  suite: PARAMETERS,
  test: `${name}$`,
});
const field = (name: string, where: string, change: Change): Removal => ({
  name: `${name} (${where})`,
  ...change,
  suite: FIELDS,
  test: `fields ${name}$`,
});
const header = (name: string, where: string, change: Change): Removal => ({
  name: `${name} (${where})`,
  ...change,
  suite: HEADERS,
  test: `${name}$`,
});

const llama = (file: string, text: string, instead: string): Change => ({
  file: `apps/xim/src/engines/llama/${file}`,
  text,
  instead,
});
const gateway = (file: string, text: string, instead: string): Change => ({
  file: `apps/gateway/src/${file}`,
  text,
  instead,
});

/** The server behind the engine `openai` does not get it. */
const notPassedOn = (name: string): Removal =>
  parameter(name, 'openai', {
    file: 'apps/xim/src/engines/openai/upstream-request.ts',
    text: "  'include_reasoning',\n",
    instead: `  'include_reasoning',\n  '${name}',\n`,
  });

const PASSED_ON = [
  ...[
    'messages',
    'temperature',
    'top_p',
    'stop',
    'tools',
    'tool_choice',
    'parallel_tool_calls',
    'logprobs',
    'top_logprobs',
  ],
  ...[
    'reasoning_effort',
    'prediction',
    'seed',
    'frequency_penalty',
    'presence_penalty',
    'logit_bias',
    'response_format',
  ],
];

const engine = (text: string, instead: string): Change => llama('llama.engine.ts', text, instead);
const sampling = (text: string, instead: string): Change => llama('sampling.ts', text, instead);
const service = (text: string, instead: string): Change =>
  gateway('chat-completions/chat-completions.service.ts', text, instead);
const controller = (text: string, instead: string): Change =>
  gateway('chat-completions/chat-completions.controller.ts', text, instead);
const envelope = (text: string, instead: string): Change => gateway('chat-completions/chat-envelope.ts', text, instead);
const upstreamChoice = (text: string, instead: string): Change => ({
  file: 'apps/xim/src/engines/openai/upstream-choice.ts',
  text,
  instead,
});
const budget = (instead: string): Change => ({
  file: 'apps/xim/src/engines/token-budget.ts',
  text: 'return request.max_completion_tokens ?? request.max_tokens;',
  instead,
});

const requestParameters: readonly Removal[] = [
  parameter('model', 'gateway', service('model: model?.name ?? endpoint.modelId', 'model: chat.model')),
  parameter(
    'messages',
    'llama',
    llama(
      'chat-template.ts',
      "if (message.role === 'tool') return { role, content, tool",
      "if (message.role === 'tool') return { role, content: '', tool",
    ),
  ),
  parameter('002.*max_tokens', 'workers', budget('return request.max_completion_tokens;')),
  parameter('max_completion_tokens', 'workers', budget('return request.max_tokens ?? request.max_completion_tokens;')),
  parameter(
    'temperature',
    'llama',
    sampling('const temperature = request.temperature ?? 1;', 'const temperature = 1;'),
  ),
  parameter('top_p', 'llama', sampling('const topP = request.top_p ?? 1;', 'const topP = 1;')),
  parameter(
    'stream',
    'gateway',
    service('const answer = chat.stream === true ?', 'const answer = chat.stream === false ?'),
  ),
  parameter(
    'stream_options',
    'gateway',
    service('withUsage: chat.stream_options?.include_usage === true', 'withUsage: false'),
  ),
  parameter('stop', 'llama', engine('stops: [job.request.stop ?? []].flat(),', 'stops: [],')),
  parameter('tools', 'llama', engine('...(mayCall && { tools: request.tools }),', '')),
  parameter('tool_choice', 'llama', llama('grammar/reply-grammars.ts', "if (choice === 'none') return [];", '')),
  parameter(
    'logprobs',
    'llama',
    engine('job.request.logprobs === true ? new LogprobTape', 'job.request.logprobs === false ? new LogprobTape'),
  ),
  parameter('top_logprobs', 'llama', engine('job.request.top_logprobs ?? 0)', '0)')),
  parameter(
    'reasoning_effort',
    'llama',
    engine("effort === 'none' || effort === 'minimal' ? false", "effort === 'minimal' ? false"),
  ),
  parameter('prediction', 'llama', engine('prediction?.add(token, usage);', '')),
  parameter(
    'service_tier',
    'gateway',
    controller('requestedServiceTier: requestedServiceTierOf(chat.service_tier),', ''),
  ),
  parameter(
    'seed',
    'llama',
    sampling('if (seed === undefined) return randomInt(SEEDS);', 'if (seed !== 7) return randomInt(SEEDS);'),
  ),
  parameter(' n', 'inference', {
    file: 'libs/domain/inference/src/work.ts',
    text: 'count: chat.n ?? 1,',
    instead: 'count: 1,',
  }),
  parameter('frequency_penalty', 'llama', sampling('        frequencyPenalty,\n', '        frequencyPenalty: 0,\n')),
  parameter('presence_penalty', 'llama', sampling('        presencePenalty,\n', '        presencePenalty: 0,\n')),
  parameter('logit_bias', 'llama', sampling('bias.set(token, { logit });', '')),
  parameter(
    'response_format',
    'llama',
    llama(
      'grammar/reply-grammars.ts',
      "format === undefined || format.type === 'text'",
      "format === undefined || format.type !== 'hiccup'",
    ),
  ),
  parameter(
    'metadata',
    'gateway',
    gateway('stored-completions/stored-completion.ts', 'metadata: chat.metadata ?? {},', 'metadata: {},'),
  ),
  parameter('user', 'gateway', controller('endUser: chat.user,', '')),
  parameter(
    'web_search_options',
    'gateway',
    gateway(
      'chat-completions/chat-request.ts',
      "    param: 'web_search_options',\n    asked: (value) => value != null,",
      "    param: 'web_search_options',\n    asked: () => false,",
    ),
  ),
  parameter('store', 'gateway', service('chat.store === true\n', 'chat.n === -1\n')),
  ...PASSED_ON.map(notPassedOn),
];

const responseFields: readonly Removal[] = [
  field('service_tier', 'gateway', envelope('      service_tier: tier,\n', '')),
  field('system_fingerprint', 'gateway', envelope('      system_fingerprint: systemFingerprint,\n', '')),
  field('system_fingerprint', 'openai', {
    file: 'apps/xim/src/generations/generations.service.ts',
    text: 'event.systemFingerprint ?? this.#engine.fingerprint',
    instead: 'this.#engine.fingerprint',
  }),
  field('message.refusal', 'openai', upstreamChoice("if (refusal !== '') delta.refusal = refusal;", '')),
  field(
    'message.annotations',
    'openai',
    upstreamChoice("if (Array.isArray(told['annotations'])) delta.annotations = told['annotations'];", ''),
  ),
  field('message.annotations', 'joined', {
    file: 'libs/domain/chat-choices/src/choice-collector.ts',
    text: '        annotations: this.#annotations,\n',
    instead: '',
  }),
  field(
    'logprobs',
    'llama',
    engine(
      'logprobs: { content: tape.take(text, isLast), refusal: null }',
      'logprobs: { content: tape.take(text, isLast) }',
    ),
  ),
  field('logprobs', 'openai', upstreamChoice('value == null ? null : readLogprobs(value)', 'null')),
  field('usage.prompt_tokens_details', 'llama', engine('usage.cachedTokens = lease.cachedTokens;', '')),
  field(
    'usage.completion_tokens_details',
    'llama',
    engine('if (thought || reader.isThinking) usage.reasoningTokens += 1;', ''),
  ),
  field(
    'usage.completion_tokens_details',
    'gateway',
    envelope(
      '      rejected_prediction_tokens: usage.rejectedPredictionTokens,\n',
      '      rejected_prediction_tokens: 0,\n',
    ),
  ),
  field(
    'x_adjusted_reasoning_effort',
    'gateway',
    envelope('      x_adjusted_reasoning_effort: adjustedReasoningEffort,\n', ''),
  ),
  field('x_adjusted_reasoning_effort', 'llama', engine("? 'medium' : 'none'", "? 'high' : 'none'")),
];

const limits = (text: string, instead: string): Change => gateway('rate-limits/rate-limit-headers.ts', text, instead);
const answerHeaders = (text: string, instead: string): Change =>
  gateway('chat-completions/answer-headers.ts', text, instead);
const publicError = (text: string, instead: string): Change => ({
  file: 'libs/platform/errors/src/public-error.ts',
  text,
  instead,
});
const errorType = (type: string, text: string): Removal =>
  header(type, 'contracts', {
    file: 'libs/contracts/src/errors.ts',
    text: `return '${text}';`,
    instead: "return 'api_error';",
  });

const headersAndErrors: readonly Removal[] = [
  header(
    'X-SLO-TTFT-Ms',
    'gateway',
    gateway('chat-completions/latency-target-headers.ts', "name: 'X-SLO-TTFT-Ms'", "name: 'X-SLO-Other-Ms'"),
  ),
  header('X-SLO-TPOT-Ms', 'inference', {
    file: 'libs/domain/inference/src/inference-client.ts',
    text: '      latencyTargets: this.#origin.latencyTargets,\n      requested',
    instead: '      requested',
  }),
  header('X-Request-ID', 'http', {
    file: 'libs/platform/http/src/http-app.ts',
    text: "    reply.raw.setHeader('x-request-id', request.id);\n    // Whoever",
    instead: '    // Whoever',
  }),
  header('X-Xerotier-Worker-ID', 'gateway', answerHeaders("'x-xerotier-worker-id': workerId,", '')),
  header(
    'X-Xerotier-Max-Tokens-Clamped',
    'gateway',
    answerHeaders('...(maxTokensClampedFrom !== undefined &&', '...(maxTokensClampedFrom === -1 &&'),
  ),
  header(
    '002 Response Headers X-RateLimit-Limit',
    'gateway',
    limits("      'x-ratelimit-limit': String(requests.limit),\n", ''),
  ),
  header(
    '002 Response Headers X-RateLimit-Remaining',
    'gateway',
    limits("      'x-ratelimit-remaining': String(requests.remaining),\n", ''),
  ),
  header(
    '002 Response Headers X-RateLimit-Reset',
    'gateway',
    limits("      'x-ratelimit-reset': String(Math.ceil(requests.resetMs / 1_000)),\n", ''),
  ),
  header('X-RateLimit-Warning', 'gateway', limits('    ...warning({ requests, tokens }),\n', '')),
  header('Retry-After', 'http', {
    file: 'libs/platform/http/src/error-reply.ts',
    text: 'if (error.status === 429 || error.status === 503) response',
    instead: 'if (error.status === 418) response',
  }),
  header('Retry-After', 'errors', publicError('    body.error.retry_after = retryAfterSeconds(error);\n', '')),
  header('Retry-After', 'errors: strategy', publicError("    body.error.retry_strategy = 'exponential';\n", '')),
  header(
    'Retry-After',
    'gateway: true time',
    gateway('rate-limits/rate-limits.service.ts', 'retryAfterSeconds: retryAfterMs / 1_000', 'retryAfterSeconds: 60'),
  ),
  header('004 Tier Limits Free', 'auth', {
    file: 'apps/auth/src/db/migrations/1795132800000-create-tiers.ts',
    text: "('free', 'Free', 20, 10000)",
    instead: "('free', 'Free', 21, 10000)",
  }),
  header('invalid_request_error', 'contracts', {
    file: 'libs/contracts/src/errors.ts',
    text: "'server_error' : 'invalid_request_error'",
    instead: "'server_error' : 'api_error'",
  }),
  header('server_error', 'contracts', {
    file: 'libs/contracts/src/errors.ts',
    text: "'server_error' : 'invalid_request_error'",
    instead: "'api_error' : 'invalid_request_error'",
  }),
  errorType('authentication_error', 'authentication_error'),
  errorType('permission_error', 'permission_error'),
  errorType('not_found_error', 'not_found_error'),
  errorType('rate_limit_error', 'rate_limit_error'),
  errorType('service_unavailable', 'service_unavailable'),
];

export const removals: readonly Removal[] = [...requestParameters, ...responseFields, ...headersAndErrors];
