import type { BatchEstimate, StoredBatch } from '@xerotier/contracts/batch';
import type { getBatch } from '@xerotier/public-api/batches';
import type { ResponseOf } from '@xerotier/public-api/operation';
import { unixSeconds } from '../unix-seconds.ts';

const TIMES = {
  in_progress_at: 'inProgressAt',
  paused_at: 'pausedAt',
  finalizing_at: 'finalizingAt',
  completed_at: 'completedAt',
  failed_at: 'failedAt',
  expired_at: 'expiredAt',
  cancelling_at: 'cancellingAt',
  cancelled_at: 'cancelledAt',
} as const;

export function publicBatchOf(batch: StoredBatch): ResponseOf<typeof getBatch> {
  const { id, endpoint, model, errors, status, usage } = batch;
  const times = Object.entries(TIMES).flatMap(([name, field]) => {
    const at = batch[field];
    return at === undefined ? [] : [[name, unixSeconds(at)]];
  });
  return {
    ...{ id, object: 'batch', endpoint },
    ...(model !== undefined && { model }),
    ...(errors !== undefined && { errors: { object: 'list', data: errors } }),
    ...(batch.retriedBatchId !== undefined && { retried_batch_id: batch.retriedBatchId }),
    ...{ input_file_id: batch.inputFileId, completion_window: batch.completionWindow, status },
    ...(batch.outputFileId !== undefined && { output_file_id: batch.outputFileId }),
    ...(batch.errorFileId !== undefined && { error_file_id: batch.errorFileId }),
    ...{ created_at: unixSeconds(batch.createdAt), expires_at: unixSeconds(batch.expiresAt) },
    ...(Object.fromEntries(times) as Partial<Record<keyof typeof TIMES, number>>),
    request_counts: batch.lines,
    usage: {
      input_tokens: usage.promptTokens,
      input_tokens_details: { cached_tokens: usage.cachedTokens },
      output_tokens: usage.completionTokens,
      output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
      total_tokens: usage.promptTokens + usage.completionTokens,
    },
    metadata: batch.metadata,
    ...(batch.isDryRun && { x_dry_run: true as const }),
    ...(batch.progress !== undefined && { x_progress: publicProgressOf(batch.progress) }),
    ...(batch.estimate !== undefined && { x_estimate: publicEstimateOf(batch.estimate) }),
  };
}

function publicProgressOf({
  linesPerSecond,
  expectedAt,
}: NonNullable<StoredBatch['progress']>): NonNullable<ResponseOf<typeof getBatch>['x_progress']> {
  return {
    lines_per_second: linesPerSecond,
    ...(expectedAt !== undefined && { expected_completion_at: unixSeconds(expectedAt) }),
  };
}

type PublicEstimate = NonNullable<ResponseOf<typeof getBatch>['x_estimate']>;

function publicEstimateOf({ endpoints, allowance, ...total }: BatchEstimate): PublicEstimate {
  const { tokens: needed, enqueued, tokensMax: limit } = allowance;
  return {
    ...{ currency: 'usd', ...estimatedOf(total) },
    endpoints: endpoints.map(({ slug, tier, ...part }) => ({ endpoint: slug, tier, ...estimatedOf(part) })),
    enqueued_tokens: { needed, enqueued, limit, fits: limit === null || enqueued + needed <= limit },
  };
}

type Estimated = Omit<BatchEstimate, 'endpoints' | 'allowance'>;

function estimatedOf({ lines, ...part }: Estimated): Omit<PublicEstimate['endpoints'][number], 'endpoint' | 'tier'> {
  return {
    lines,
    input_tokens: part.promptTokens,
    output_tokens_max: part.completionTokens,
    cost_micros_min: part.costMicrosMin,
    cost_micros_max: part.costMicrosMax,
  };
}
