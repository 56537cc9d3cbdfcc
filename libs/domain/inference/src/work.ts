/** The work of a request: its number of generations, and the input of each. */
import { workContextOf } from '@xerotier/contracts/inference';
import { mediaRoutes } from '@xerotier/contracts/xim';
import type { RequestContext, UsageRecord } from '@xerotier/contracts/inference';
import type { EmbeddingInput, GenerationInput, MediaInput, modelContract, RankingInput } from '@xerotier/contracts/xim';
import { SharedInput } from '@xerotier/nats';
import { estimateMediaTokens, estimatePromptTokens, estimateTokens } from './prompt-estimate.ts';

export interface Work {
  readonly kind: UsageRecord['kind'];
  readonly operation: keyof typeof modelContract.operations;
  /** Input of the operation, without the fields of `inputOf` and the lease. Choices on one worker share one copy of it. */
  readonly input: SharedInput;
  /** Additional input of one generation. */
  readonly inputOf: (index: number) => Readonly<Record<string, unknown>>;
  /** Number of generations. */
  readonly count: number;
  readonly streamed: boolean;
  /** Whether data is read only after the end, so that an attempt that failed midway can be retried. */
  readonly repeatable: boolean;
  readonly promptTokensEstimate: number;
  /** Estimates the completion tokens from the frames of a generation that reported no usage. */
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
    // A streamed choice is read as it arrives. A whole one is a single frame just before the end.
    repeatable: false,
    promptTokensEstimate: estimatePromptTokens(chat.messages),
    // The first frame of a choice has its role and no token.
    tokensOf: (frames) => frames - 1,
  };
}

/** Removes the fields that only the gateway uses. */
function withoutEdgeFields(chat: GenerationInput['chat']): GenerationInput['chat'] {
  const { n: _n, user: _user, metadata: _metadata, store: _store, ...rest } = chat;
  const { service_tier: _tier, stream_options: _options, ...workerFields } = rest;
  return workerFields;
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

const noInput = {};
const single = { inputOf: () => noInput, count: 1 } as const;
/** Work that generates no text: always one generation. */
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
    // The bytes are sent to the client as they arrive.
    repeatable: false,
    promptTokensEstimate: estimateMediaTokens(fields),
    // Only the server knows the token count of audio and images.
    tokensOf: () => 0,
  };
}
