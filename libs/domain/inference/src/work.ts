/** What a request asks of workers: how many generations it takes, and what each of them is sent. */
import { workContextOf } from '@xerotier/contracts/inference';
import { mediaRoutes } from '@xerotier/contracts/xim';
import type { RequestContext, UsageRecord } from '@xerotier/contracts/inference';
import type { EmbeddingInput, GenerationInput, MediaInput, modelContract, RankingInput } from '@xerotier/contracts/xim';
import { SharedInput } from '@xerotier/nats';
import { estimateMediaTokens, estimatePromptTokens, estimateTokens } from './prompt-estimate.ts';

export interface Work {
  readonly kind: UsageRecord['kind'];
  readonly operation: keyof typeof modelContract.operations;
  /** Of the operation, but for what `inputOf` adds, and the lease. Choices that go to one worker share one copy of it. */
  readonly input: SharedInput;
  /** What the input of one generation has beside that. */
  readonly inputOf: (index: number) => Readonly<Record<string, unknown>>;
  /** Generations in all. */
  readonly count: number;
  readonly streamed: boolean;
  /** Nobody reads what comes until the end has: an attempt that failed on the way is tried again too. */
  readonly repeatable: boolean;
  readonly promptTokensEstimate: number;
  /** How many tokens came in so many frames of a generation that never says what it used. */
  readonly tokensOf: (frames: number) => number;
}

export type ChatInput = Pick<GenerationInput, 'chat' | 'seedDigits'>;

export function chatWork(context: RequestContext, { chat, seedDigits }: ChatInput): Work {
  return {
    kind: 'chat.completion',
    operation: 'generate',
    input: new SharedInput({ ...workContextOf(context), chat: withoutEdgeFields(chat), seedDigits }),
    inputOf: (choiceIndex) => ({ choiceIndex }),
    count: chat.n ?? 1,
    streamed: chat.stream === true,
    // A streamed choice is read as it comes; a whole one comes in one frame, just before its end.
    repeatable: false,
    promptTokensEstimate: estimatePromptTokens(chat.messages),
    // The first frame of a choice has its role and no token.
    tokensOf: (frames) => frames - 1,
  };
}

/** What the edge deals with by itself is not the worker's business. */
function withoutEdgeFields(chat: GenerationInput['chat']): GenerationInput['chat'] {
  const { n: _n, user: _user, metadata: _metadata, store: _store, ...rest } = chat;
  const { service_tier: _tier, stream_options: _options, ...ofWorker } = rest;
  return ofWorker;
}

export type EmbeddingTexts = Pick<EmbeddingInput, 'inputs' | 'dimensions'>;

export function embeddingWork(context: RequestContext, embedding: EmbeddingTexts): Work {
  return {
    ...readingWork,
    kind: 'embedding',
    operation: 'embed',
    input: new SharedInput({ ...workContextOf(context), ...embedding }),
    promptTokensEstimate: estimateTokens(embedding.inputs),
  };
}

export type RankingTexts = Pick<RankingInput, 'queries' | 'documents' | 'documentTokensMax'>;

export function rankingWork(context: RequestContext, kind: 'rerank' | 'score', ranking: RankingTexts): Work {
  return {
    ...readingWork,
    kind,
    operation: 'rank',
    input: new SharedInput({ ...workContextOf(context), ...ranking }),
    promptTokensEstimate: estimateTokens(ranking.queries) + estimateTokens(ranking.documents),
  };
}

const nothing = {};
const single = { inputOf: () => nothing, count: 1 } as const;
/** Work that reads and writes no text: one generation, whatever it holds. */
const readingWork = { ...single, streamed: false, repeatable: true, tokensOf: () => 0 } as const;

export type MediaFields = Pick<MediaInput, 'route' | 'fields' | 'files'>;

export function mediaWork(context: RequestContext, media: MediaFields): Work {
  const { fields } = media;
  return {
    ...single,
    kind: mediaRoutes[media.route].kind,
    operation: 'media',
    input: new SharedInput({ ...workContextOf(context), ...media }),
    streamed: fields['stream'] === true || fields['stream_format'] === 'sse',
    // The bytes are on their way to the client as they come.
    repeatable: false,
    promptTokensEstimate: estimateMediaTokens(fields),
    // What the bytes of a sound or an image are in tokens is the server's secret.
    tokensOf: () => 0,
  };
}
