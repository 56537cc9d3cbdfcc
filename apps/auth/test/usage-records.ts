import type { UsageRecord } from '@xerotier/contracts/inference';
import { randomUUID } from 'node:crypto';

/** The usage of a request, with an id of its own. */
export function aUsageRecord(overrides: Partial<UsageRecord> = {}): UsageRecord {
  return {
    requestId: `req_${randomUUID()}`,
    kind: 'chat.completion',
    projectId: 'proj_TEST000001',
    endpointId: randomUUID(),
    keyId: 'key_1',
    modelId: 'tiny',
    tier: 'free',
    priority: 'interactive',
    usage: {
      promptTokens: 10,
      cachedTokens: 4,
      completionTokens: 20,
      reasoningTokens: 1,
      acceptedPredictionTokens: 2,
      rejectedPredictionTokens: 3,
    },
    outcome: 'completed',
    streamed: true,
    startedAt: Date.UTC(2026, 10, 20, 12, 0, 0, 123),
    durationMs: 1_234.6,
    timeToFirstTokenMs: 12.4,
    ...overrides,
  };
}
