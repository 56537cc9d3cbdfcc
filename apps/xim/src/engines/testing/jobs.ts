/** Shared helpers of the engine specs: building requests, running generations and reading the result. */
import { chatCompletionRequest } from '@xerotier/public-api/chat-completions';
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';
import { engineFor } from '../engine-tasks.ts';
import type { Choice, ChunkChoice, Engine, EngineEvent, EngineJob } from '../engine.ts';

/** Returns a valid request with one user message, parsed like in the gateway. */
export function aChatRequest(fields: Record<string, unknown> = {}): ChatCompletionRequest {
  return chatCompletionRequest.parse({ model: 'any', messages: [{ role: 'user', content: 'Hello there' }], ...fields });
}

export function aJob(fields: Record<string, unknown> = {}, job: Partial<EngineJob> = {}): EngineJob {
  return { request: aChatRequest(fields), choiceIndex: 0, cacheSalt: 'project-a', ...job };
}

export interface Generated {
  readonly events: EngineEvent[];
  readonly usage: TokenUsage;
  readonly text: string;
  readonly finishReasons: string[];
}

/**
 * Runs a generation to its end. `onEvent` receives every event before the next one is pulled.
 * @throws the errors of the engine.
 */
export async function run(
  engine: Engine,
  job: EngineJob,
  options: { signal?: AbortSignal; onEvent?: (event: EngineEvent, index: number) => void } = {},
): Promise<Generated> {
  const generation = engineFor(engine, 'generate').generate(job, options.signal ?? new AbortController().signal);
  const events: EngineEvent[] = [];
  for (;;) {
    const next = await generation.next();
    if (next.done === true) return { events, usage: next.value, ...textOf(events) };
    events.push(next.value);
    options.onEvent?.(next.value, events.length - 1);
  }
}

/** Returns the choices of all events, in order. */
export function choicesOf(events: readonly EngineEvent[]): (ChunkChoice | Choice)[] {
  return events.flatMap((event): (ChunkChoice | Choice)[] => (event.type === 'head' ? [] : event.choices));
}

export function contentOf(choice: ChunkChoice | Choice): string {
  return ('delta' in choice ? (choice as ChunkChoice).delta.content : choice.message.content) ?? '';
}

function textOf(events: readonly EngineEvent[]): { text: string; finishReasons: string[] } {
  const choices = choicesOf(events);
  return {
    text: choices.map(contentOf).join(''),
    finishReasons: choices.flatMap((choice) => (choice.finish_reason === null ? [] : [choice.finish_reason])),
  };
}
