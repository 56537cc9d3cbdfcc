/** What a request asks of workers: how many generations it takes, and what each of them is sent. */
import { mediaRoutes } from '@xerotier/contracts/xim';
import type { Priority, UsageRecord } from '@xerotier/contracts/inference';
import type { EmbeddingInput, GenerationInput, MediaInput, modelContract, RankingInput } from '@xerotier/contracts/xim';
import { estimateMediaTokens, estimatePromptTokens, estimateTokens } from './prompt-estimate.ts';

type Operation = keyof typeof modelContract.operations;

/** An operation of the inference contract with its input. The lease is put in once there is one. */
export interface Task {
  readonly operation: Operation;
  readonly input: Readonly<Record<string, unknown>>;
}

export interface Work {
  readonly kind: UsageRecord['kind'];
  /** Generations in all. */
  readonly count: number;
  readonly streamed: boolean;
  readonly repeatable: boolean;
  readonly promptTokensEstimate: number;
  task(index: number): Task;
  /** How many tokens came in so many frames of a generation that never says what it used. */
  tokensOf(frames: number): number;
}

interface Origin {
  readonly requestId: string;
  readonly projectId: string;
  readonly priority: Priority;
}

export function chatWork({
  chat,
  seedDigits,
  requestId,
  projectId,
  priority,
}: Origin & Pick<GenerationInput, 'chat' | 'seedDigits'>): Work {
  return {
    kind: 'chat.completion',
    count: chat.n ?? 1,
    streamed: chat.stream === true,
    // A streamed choice is read as it comes; a whole one comes in one frame, just before its end.
    repeatable: false,
    promptTokensEstimate: estimatePromptTokens(chat.messages),
    task: (choiceIndex) => ({
      operation: 'generate',
      input: { requestId, projectId, priority, choiceIndex, chat, seedDigits },
    }),
    // The first frame of a choice has its role and no token.
    tokensOf: (frames) => frames - 1,
  };
}

type Embedding = Pick<EmbeddingInput, 'inputs' | 'dimensions'>;

export function embeddingWork({ requestId, projectId, priority }: Origin, embedding: Embedding): Work {
  return {
    ...readingWork,
    kind: 'embedding',
    promptTokensEstimate: estimateTokens(embedding.inputs),
    task: () => ({ operation: 'embed', input: { requestId, projectId, priority, ...embedding } }),
  };
}

type Ranking = Pick<RankingInput, 'queries' | 'documents' | 'documentTokensMax'>;

export function rankingWork(
  { requestId, projectId, priority }: Origin,
  kind: 'rerank' | 'score',
  ranking: Ranking,
): Work {
  return {
    ...readingWork,
    kind,
    promptTokensEstimate: estimateTokens(ranking.queries) + estimateTokens(ranking.documents),
    task: () => ({ operation: 'rank', input: { requestId, projectId, priority, ...ranking } }),
  };
}

/** Work that reads and writes no text: one generation, whatever it holds. */
const readingWork = { count: 1, streamed: false, repeatable: true, tokensOf: () => 0 } as const;

type Media = Pick<MediaInput, 'route' | 'fields' | 'files'>;

export function mediaWork({ requestId, projectId, priority }: Origin, media: Media): Work {
  const { fields } = media;
  return {
    kind: mediaRoutes[media.route].kind,
    count: 1,
    streamed: fields['stream'] === true || fields['stream_format'] === 'sse',
    // The bytes are on their way to the client as they come.
    repeatable: false,
    promptTokensEstimate: estimateMediaTokens(fields),
    task: () => ({ operation: 'media', input: { requestId, projectId, priority, ...media } }),
    // What the bytes of a sound or an image are in tokens is the server's secret.
    tokensOf: () => 0,
  };
}
