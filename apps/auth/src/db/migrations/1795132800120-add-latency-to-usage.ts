import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The latency of a response and the client's targets (`X-SLO-TTFT-Ms`, `X-SLO-TPOT-Ms`), so that missed targets can be
 * found in the ledger. A token may take less than a millisecond, hence the fraction. Null without a target, or with
 * fewer than two tokens.
 */
export class AddLatencyToUsage1795132800120 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE auth.usage_event
        ADD COLUMN time_per_output_token_ms numeric(12, 3) CHECK (time_per_output_token_ms >= 0),
        ADD COLUMN target_time_to_first_token_ms bigint CHECK (target_time_to_first_token_ms > 0),
        ADD COLUMN target_time_per_output_token_ms bigint CHECK (target_time_per_output_token_ms > 0)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE auth.usage_event
        DROP COLUMN time_per_output_token_ms,
        DROP COLUMN target_time_to_first_token_ms,
        DROP COLUMN target_time_per_output_token_ms`);
  }
}
