import { Injectable } from '@nestjs/common';
import type { UsageRecord } from '@xerotier/contracts/inference';
import { withDbErrors } from '@xerotier/db';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { UsageEvent } from './usage-event.entity.ts';

/** A batch travels as one JSON parameter, so its statement is the same text for any number of records. */
const INSERT = `
  INSERT INTO auth.usage_event (
    request_id, kind, project_id, endpoint_id, key_id, model_id, tier, priority, requested_service_tier, end_user,
    outcome, streamed, prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens,
    accepted_prediction_tokens, rejected_prediction_tokens,
    started_at, duration_ms, time_to_first_token_ms
  )
  SELECT
    "requestId", kind, "projectId", "endpointId", "keyId", "modelId", tier, priority, "requestedServiceTier", "endUser",
    outcome, streamed,
    "promptTokens", "cachedTokens", "completionTokens", "reasoningTokens",
    "acceptedPredictionTokens", "rejectedPredictionTokens",
    to_timestamp("startedAt" / 1000), round("durationMs"), round("timeToFirstTokenMs")
  FROM json_to_recordset($1::json) AS record (
    "requestId" text, kind text, "projectId" text, "endpointId" uuid, "keyId" text, "modelId" text, tier text,
    priority text, "requestedServiceTier" text, "endUser" text, outcome text, streamed boolean, "promptTokens" bigint, "cachedTokens" bigint,
    "completionTokens" bigint, "reasoningTokens" bigint, "acceptedPredictionTokens" bigint,
    "rejectedPredictionTokens" bigint, "startedAt" double precision, "durationMs" numeric, "timeToFirstTokenMs" numeric
  )
  ON CONFLICT ON CONSTRAINT usage_event_request_key DO NOTHING`;

/** The ledger: append-only, and a request is in it once for each kind of work. */
@Injectable()
export class UsageRepository {
  constructor(@InjectRepository(UsageEvent) private readonly events: Repository<UsageEvent>) {}

  /** Writes all of the records that are new or, when it throws, none. */
  async append(records: readonly UsageRecord[]): Promise<void> {
    const rows = JSON.stringify(records.map(({ usage, ...record }) => ({ ...record, ...usage })));
    await withDbErrors(() => this.events.query(INSERT, [rows]));
  }
}
