/** An `openai` engine with a fake upstream server; joins the chunks like OpenAI's clients do. */
import { engineConfig } from '../engine-config.ts';
import type { OpenaiConfig } from '../engine-config.ts';
import type { ChunkChoice, EngineEvent, EngineJob, ToolCallDelta } from '../engine.ts';
import { OpenaiChatEngine } from '../openai/openai-chat.engine.ts';
import { FakeUpstream, json, stream } from './fake-upstream.ts';
import { aJob, choicesOf, run } from './jobs.ts';
import type { Generated } from './jobs.ts';

interface ClientCall {
  id: string;
  type: string;
  name: string;
  arguments: string;
}

/** The completion as a client sees it. */
export interface ClientView {
  readonly content: string | null;
  readonly reasoning: string | undefined;
  readonly refusal: string | null;
  readonly calls: readonly ClientCall[];
  readonly finish: readonly string[];
  readonly usage: Generated['usage'];
  readonly events: readonly EngineEvent[];
}

export class OpenaiHarness {
  readonly upstream = new FakeUpstream();
  readonly #engines: OpenaiChatEngine[] = [];

  engine(config: Partial<OpenaiConfig> = {}): OpenaiChatEngine {
    const parsed = engineConfig.parse({
      kind: 'openai',
      baseUrl: this.upstream.baseUrl,
      model: 'named-model',
      readyPauseMs: 5,
      ...config,
    });
    const engine = new OpenaiChatEngine(parsed as OpenaiConfig);
    this.#engines.push(engine);
    return engine;
  }

  async stop(): Promise<void> {
    for (const engine of this.#engines.splice(0)) await engine.close();
    await this.upstream.stop();
  }

  /** Sends a streamed request; the server streams these events. */
  streamed(
    events: readonly (object | string)[],
    fields: object = {},
    job: Partial<EngineJob> = {},
  ): Promise<ClientView> {
    this.upstream.respond = stream(...events);
    return this.view({ stream: true, ...fields }, job);
  }

  /** Sends a request without `stream`; the server responds with this body. */
  whole(body: unknown, fields: object = {}): Promise<ClientView> {
    this.upstream.respond = (response) => json(response, body);
    return this.view(fields);
  }

  async view(fields: object, job: Partial<EngineJob> = {}): Promise<ClientView> {
    return viewOf(await run(this.engine(), aJob({ ...fields }, job)));
  }
}

/** Starts the server before each test of the file, and stops it afterwards. */
export function openaiHarness(): OpenaiHarness {
  let current: OpenaiHarness;
  beforeEach(async () => {
    current = new OpenaiHarness();
    await current.upstream.start();
  });
  afterEach(() => current.stop());
  return new Proxy({} as OpenaiHarness, {
    get: (_target, name) => {
      const value: unknown = Reflect.get(current, name, current);
      return typeof value === 'function' ? (value.bind(current) as unknown) : value;
    },
  });
}

/** A whole completion with this message. */
export function completion(message: object, finishReason: string | null = 'stop', extra: object = {}): object {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: finishReason }],
    usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 },
    ...extra,
  };
}

/** Joins chunks by `index` like the official Python client, which keeps duplicate texts. */
export function viewOf({ events, usage }: Generated): ClientView {
  const choices = choicesOf(events);
  const parts = choices.map((choice) => ('delta' in choice ? (choice as ChunkChoice).delta : choice.message));
  const texts = (name: string): string[] =>
    parts.flatMap((part) => (typeof part[name] === 'string' ? [part[name]] : []));
  const reasoning = texts('reasoning_content');
  const refusal = texts('refusal');
  const content = texts('content');
  const calls: ClientCall[] = [];
  for (const part of parts) {
    const deltas = (part['tool_calls'] ?? []) as Partial<ToolCallDelta>[];
    for (const [at, { index = at, id, type, function: called }] of deltas.entries()) {
      const call = (calls[index] ??= { id: '', type: '', name: '', arguments: '' });
      call.id += id ?? '';
      call.type += type ?? '';
      call.name += called?.name ?? '';
      call.arguments += called?.arguments ?? '';
    }
  }
  return {
    content: content.length === 0 ? null : content.join(''),
    reasoning: reasoning.length === 0 ? undefined : reasoning.join(''),
    refusal: refusal.length === 0 ? null : refusal.join(''),
    calls,
    finish: choices.flatMap((choice) => (choice.finish_reason === null ? [] : [choice.finish_reason])),
    usage,
    events,
  };
}
