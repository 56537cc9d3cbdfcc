/** The work of a request: its number of generations, and the input of each. */
import { workContextOf } from '@xerotier/contracts/inference';
import { mediaRoutes } from '@xerotier/contracts/xim';
import type { UsageRecord } from '@xerotier/contracts/inference';
import type { EmbeddingInput, GenerationInput, MediaInput, modelContract, RankingInput } from '@xerotier/contracts/xim';
import { SharedInput } from '@xerotier/nats';
import type { Accounting } from './accounting.ts';
import { estimateMediaTokens, estimatePromptTokens, estimateTokens } from './prompt-estimate.ts';
import type { TimedContext } from './request-timeouts.ts';

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
  /** Requests of the project with the same key begin with the same prompt. */
  readonly promptCacheKey?: string | undefined;
  /** Estimates the completion tokens from the frames of a generation that reported no usage. */
  readonly tokensOf: (frames: number) => number;
}

/** What all choices of a request have in common: the context, what the ledger has to know of it, and the input itself. */
function sharedInput(
  context: TimedContext,
  accounting: Accounting | undefined,
  work: Pick<Work, 'kind' | 'streamed' | 'count'>,
  fields: object,
): SharedInput {
  return new SharedInput({ ...workContextOf(context), accounting: accounting?.of(context, work), ...fields });
}

export type ChatInput = Pick<GenerationInput, 'chat' | 'seedDigits'>;

export function chatWork(context: TimedContext, { chat, seedDigits }: ChatInput, accounting?: Accounting): Work {
  const traits = { kind: 'chat.completion', streamed: chat.stream === true, count: chat.n ?? 1 } as const;
  return {
    ...traits,
    operation: 'generate',
    input: sharedInput(context, accounting, traits, { chat: withoutEdgeFields(chat), seedDigits }),
    inputOf: (choiceIndex) => ({ choiceIndex }),
    // A streamed choice is read as it arrives. A whole one is a single frame just before the end.
    repeatable: false,
    promptTokensEstimate: estimatePromptTokens(chat.messages),
    promptCacheKey: chat.prompt_cache_key,
    // The first frame of a choice has its role and no token.
    tokensOf: (frames) => frames - 1,
  };
}

/** Removes the fields that only the gateway uses. */
export function withoutEdgeFields(chat: GenerationInput['chat']): GenerationInput['chat'] {
  const { n: _n, user: _user, metadata: _metadata, store: _store, ...rest } = chat;
  const { service_tier: _tier, stream_options: _options, prompt_cache_key: _key, ...workerFields } = rest;
  return workerFields;
}

export type EmbeddingTexts = Pick<EmbeddingInput, 'inputs' | 'dimensions'>;

export function embeddingWork(context: TimedContext, embedding: EmbeddingTexts, accounting?: Accounting): Work {
  const traits = { ...readingWork, kind: 'embedding' } as const;
  return {
    ...traits,
    operation: 'embed',
    input: sharedInput(context, accounting, traits, embedding),
    promptTokensEstimate: estimateTokens(embedding.inputs),
  };
}

export type RankingTexts = Pick<RankingInput, 'queries' | 'documents' | 'documentTokensMax'>;

export function rankingWork(
  context: TimedContext,
  kind: 'rerank' | 'score',
  ranking: RankingTexts,
  accounting?: Accounting,
): Work {
  const traits = { ...readingWork, kind };
  return {
    ...traits,
    operation: 'rank',
    input: sharedInput(context, accounting, traits, ranking),
    promptTokensEstimate: estimateTokens(ranking.queries) + estimateTokens(ranking.documents),
  };
}

const noInput = {};
const single = { inputOf: () => noInput, count: 1 } as const;
/** Work that generates no text: always one generation. */
const readingWork = { ...single, streamed: false, repeatable: true, tokensOf: () => 0 } as const;

export type MediaFields = Pick<MediaInput, 'route' | 'fields' | 'files'>;

export function mediaWork(context: TimedContext, media: MediaFields, accounting?: Accounting): Work {
  const { fields } = media;
  const streamed = fields['stream'] === true || fields['stream_format'] === 'sse';
  const traits = { ...single, kind: mediaRoutes[media.route].kind, streamed };
  return {
    ...traits,
    operation: 'media',
    input: sharedInput(context, accounting, traits, media),
    // The bytes are sent to the client as they arrive.
    repeatable: false,
    promptTokensEstimate: estimateMediaTokens(fields),
    // Only the server knows the token count of audio and images.
    tokensOf: () => 0,
  };
}
