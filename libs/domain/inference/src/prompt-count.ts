/** Counts prompts on any worker of a model. */
import { countingContract } from '@xerotier/contracts/xim';
import { AppError } from '@xerotier/errors';
import type { Bus } from '@xerotier/nats';
import type { TimedContext } from './request-timeouts.ts';
import { withoutEdgeFields } from './work.ts';
import type { ChatInput } from './work.ts';

export interface PromptCount {
  readonly workerId: string;
  readonly inputTokens: number;
}

interface Prompt {
  readonly context: TimedContext;
  readonly chat: ChatInput['chat'];
  readonly deadlineMs: number;
}

/** Each is sent to another worker, most likely. */
const ATTEMPTS_MAX = 3;
/** Counting computes nothing. */
const TIMEOUT_MS = 30_000;

/** @throws {AppError} `inference.cancelled` once the signal is aborted, `inference.counting_unavailable`, or the error of the worker. */
export async function countPrompt(bus: Bus, prompt: Prompt, signal: AbortSignal): Promise<PromptCount> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await countOnce(bus, prompt, signal);
    } catch (error) {
      const failure = AppError.from(error);
      if (failure.code === 'bus.no_responders')
        throw new AppError('inference.counting_unavailable', {}, { cause: error });
      if (signal.aborted) throw new AppError('inference.cancelled', {}, { cause: error });
      if (!failure.retryable || attempt >= ATTEMPTS_MAX) throw failure;
    }
  }
}

function countOnce(bus: Bus, { context, chat, deadlineMs }: Prompt, signal: AbortSignal): Promise<PromptCount> {
  const { requestId, projectId, priority, modelId } = context;
  return new Promise((resolve, reject) => {
    let workerId = '';
    const stream = bus.open(
      countingContract.operations.count,
      { requestId, projectId, priority, chat: withoutEdgeFields(chat) },
      {
        head: (head) => (workerId = head.workerId),
        data: () => undefined,
        end: ({ inputTokens }) => resolve({ workerId, inputTokens }),
        error: reject,
      },
      { values: { model: modelId }, deadlineMs: Math.min(deadlineMs, TIMEOUT_MS) },
    );
    const cancel = (): void => stream.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    if (signal.aborted) cancel();
  });
}
