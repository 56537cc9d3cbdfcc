/** A worker and a router for a model, whose replies the test writes. The service calls it as any other. */
import { emptyUsage } from '@xerotier/contracts/inference';
import type { ModelCallContext } from '@xerotier/contracts/inference';
import { routerContract } from '@xerotier/contracts/router';
import { countingContract, modelContract, workerContract } from '@xerotier/contracts/xim';
import type { GenerationInput } from '@xerotier/contracts/xim';
import { AppError } from '@xerotier/errors';
import type { Bus } from '@xerotier/nats';
import type { ChatMessage } from '@xerotier/public-api/chat-completions';

const WORKER = 'worker-1';
const MODEL = 'tiny-1';

export interface ReasonedReply {
  readonly reasoning: string;
  readonly content: string;
}

export interface ReplyingModel {
  /** What the model has been asked, in order. */
  readonly received: GenerationInput['chat'][];
  /** The reply to the next calls: its text, or its error. */
  reply: (messages: readonly ChatMessage[]) => string | AppError | ReasonedReply;
}

/** Tokens are words. */
export function wordsOf(messages: readonly ChatMessage[]): number {
  return JSON.stringify(messages.map(({ content }) => content)).split(/\s+/).length;
}

/** @param bus of the test. */
export async function serveReplyingModel(bus: Bus): Promise<ReplyingModel> {
  const model: ReplyingModel = { received: [], reply: () => 'ok' };
  let leases = 0;
  const granted = (): { status: 'granted'; leaseId: string; workerId: string } => {
    leases += 1;
    return { status: 'granted', leaseId: `lease_${leases}`, workerId: WORKER };
  };
  bus.serve(routerContract, {
    acquire: granted,
    acquireMany: ({ requests }) => ({ results: requests.map(granted) }),
    getModels: () => ({ models: [] }),
    listModels: () => ({ data: [], hasMore: false }),
  });
  const unused = (): never => {
    throw new Error('the service only chats');
  };
  const handlers = { embed: unused, rank: unused, media: unused };
  const generate = async (
    { chat }: GenerationInput,
    stream: { head(head: { workerId: string }): void; data(payload: Uint8Array): void },
  ): Promise<{ usage: ReturnType<typeof emptyUsage>; cancelled: boolean }> => {
    model.received.push(chat);
    const reply = model.reply(chat.messages);
    if (reply instanceof AppError) throw reply;
    const delta = typeof reply === 'string' ? { content: reply } : { reasoning_content: reply.reasoning };
    stream.head({ workerId: WORKER });
    const choices = [
      { index: 0, delta: { role: 'assistant', ...delta }, finish_reason: null },
      ...(typeof reply === 'string' ? [] : [{ index: 0, delta: { content: reply.content }, finish_reason: null }]),
      { index: 0, delta: {}, finish_reason: 'stop' },
    ];
    for (const choice of choices) stream.data(Buffer.from(JSON.stringify([choice])));
    const usage = { ...emptyUsage(), promptTokens: wordsOf(chat.messages), completionTokens: 1 };
    return { usage, cancelled: false };
  };
  bus.serve(workerContract, { ...handlers, generate }, { values: { model: MODEL, worker: WORKER }, queue: null });
  bus.serve(modelContract, { ...handlers, generate }, { values: { model: MODEL } });
  bus.serve(
    countingContract,
    {
      count: async ({ chat }, stream) => {
        stream.head({ workerId: WORKER });
        return { inputTokens: wordsOf(chat.messages) };
      },
    },
    { values: { model: MODEL } },
  );
  await bus.flush();
  return model;
}

export function aCall(projectId: string, requestId: string): ModelCallContext {
  return {
    ...{ requestId, projectId, endpointId: '0b7c9a52-51f1-4f4e-9d31-3b6c1d2f4a10', keyId: 'key_1' },
    ...{ modelId: MODEL, modelName: 'tiny', tier: 'free', priority: 'interactive' as const },
  };
}
