/** Asks a model file without a server, on one core: for use while training, and to measure the speed of the model alone. */
import { getLlama, LlamaGrammarEvaluationState, LlamaLogLevel } from 'node-llama-cpp';
import type { Llama, LlamaContext, LlamaContextSequence, LlamaGrammar, LlamaModel, Token } from 'node-llama-cpp';
import { renderPrompt } from '../chat-template.ts';
import type { HeldOutItem } from '../conversation.ts';
import type { Answer, Answerer } from './answer.ts';

const TOKENS_MAX = 400;
const CONTEXT_TOKENS = 1_024;

export class FileAnswerer implements Answerer {
  readonly #llama: Llama;
  readonly #model: LlamaModel;
  readonly #context: LlamaContext;
  readonly #sequence: LlamaContextSequence;
  readonly #temperature: number;
  #tokens = 0;
  #milliseconds = 0;

  private constructor(llama: Llama, model: LlamaModel, context: LlamaContext, temperature: number) {
    this.#llama = llama;
    this.#model = model;
    this.#context = context;
    this.#sequence = context.getSequence();
    this.#temperature = temperature;
  }

  static async load(modelPath: string, temperature: number): Promise<FileAnswerer> {
    const llama = await getLlama({
      gpu: false,
      build: 'never',
      skipDownload: true,
      logLevel: LlamaLogLevel.error,
      maxThreads: 1,
    });
    const model = await llama.loadModel({ modelPath });
    return new FileAnswerer(
      llama,
      model,
      await model.createContext({ contextSize: CONTEXT_TOKENS, threads: 1 }),
      temperature,
    );
  }

  /** Of all answers so far, with the reading of the prompts. */
  get tokensPerSecond(): number {
    return Math.round((this.#tokens * 1_000) / this.#milliseconds);
  }

  async answer(item: HeldOutItem): Promise<Answer> {
    const grammar = await this.#grammarFor(item);
    const state = grammar && new LlamaGrammarEvaluationState({ model: this.#model, grammar });
    await this.#sequence.clearHistory();
    const prompt = this.#model.tokenize(renderPrompt(item.messages, { tools: item.tools }), true);
    const reply: Token[] = [];
    const from = performance.now();
    const options = {
      temperature: this.#temperature,
      topK: 0,
      topP: 1,
      minP: 0,
      seed: 1 + this.#tokens,
      ...(state && { grammarEvaluationState: () => state }),
    };
    for await (const token of this.#sequence.evaluate(prompt, options)) {
      reply.push(token);
      if (reply.length === TOKENS_MAX) break;
    }
    this.#milliseconds += performance.now() - from;
    this.#tokens += reply.length;
    return parseReply(this.#model.detokenize(reply, true), reply.length);
  }

  async close(): Promise<void> {
    await this.#context.dispose();
    await this.#model.dispose();
    await this.#llama.dispose();
  }

  async #grammarFor({ response_format: format }: HeldOutItem): Promise<LlamaGrammar | undefined> {
    if (format === undefined) return undefined;
    if (format.type !== 'json_schema') return this.#llama.getGrammarFor('json');
    const { schema } = format.json_schema as { schema: Parameters<Llama['createGrammarForJsonSchema']>[0] };
    return this.#llama.createGrammarForJsonSchema(schema);
  }
}

/** Thoughts and calls, as the chat template writes them. */
export function parseReply(text: string, completionTokens: number): Answer {
  const withoutThought = text.replace(/^<think>[\s\S]*?<\/think>\s*/, '');
  const calls: { name: string; arguments: string }[] = [];
  const content = withoutThought.replace(/<tool_call>\n([\s\S]*?)\n<\/tool_call>\n?/g, (_, call: string) => {
    try {
      const { name, arguments: values } = JSON.parse(call) as { name: string; arguments: unknown };
      calls.push({ name, arguments: JSON.stringify(values) });
    } catch {
      calls.push({ name: '', arguments: call });
    }
    return '';
  });
  return { content, calls, completionTokens };
}
