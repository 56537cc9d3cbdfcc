import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Further limits of tiers, and their prices as versions: a version is never changed, so that the cost in the ledger can be
 * recalculated. Prices are in micro-units (millionths of a US dollar) per million tokens.
 */
export class AddPrices1795996800100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE auth.tier
        ADD COLUMN concurrency_max integer CONSTRAINT tier_concurrency_max_check CHECK (concurrency_max > 0),
        ADD COLUMN burst_requests integer CONSTRAINT tier_burst_requests_check CHECK (burst_requests >= 0),
        ADD COLUMN request_timeout_seconds integer
          CONSTRAINT tier_request_timeout_seconds_check CHECK (request_timeout_seconds > 0),
        ADD COLUMN idle_timeout_seconds integer
          CONSTRAINT tier_idle_timeout_seconds_check CHECK (idle_timeout_seconds > 0),
        ADD COLUMN model_bytes_max bigint CONSTRAINT tier_model_bytes_max_check CHECK (model_bytes_max > 0)`);
    // The burst is half of the requests per minute, at least 3 on the free tier and 10 on paid ones.
    await runner.query(`
      UPDATE auth.tier SET
        concurrency_max = CASE WHEN slug = 'free' THEN 5 WHEN slug LIKE 'cpu%' THEN 20 WHEN slug LIKE 'gpu%' THEN 50 ELSE 100 END,
        burst_requests = greatest(requests_per_minute / 2, CASE WHEN slug = 'free' THEN 3 ELSE 10 END),
        request_timeout_seconds = CASE slug WHEN 'free' THEN 30 WHEN 'self_hosted' THEN 1800 ELSE 300 END,
        idle_timeout_seconds = CASE slug WHEN 'free' THEN 120 WHEN 'self_hosted' THEN 3600 ELSE 600 END,
        model_bytes_max = CASE slug WHEN 'free' THEN 48 WHEN 'self_hosted' THEN 512 END * 1000000000::bigint
      WHERE slug IN ('free', 'self_hosted') OR slug LIKE 'cpu%' OR slug LIKE 'gpu%'`);
    await runner.query('UPDATE auth.tier SET burst_requests = NULL WHERE requests_per_minute IS NULL');
    await runner.query(`
      CREATE TABLE auth.tier_price (
        tier text NOT NULL,
        version integer NOT NULL,
        valid_from timestamptz NOT NULL,
        input_micros bigint NOT NULL,
        cached_input_micros bigint NOT NULL,
        output_micros bigint NOT NULL,
        batch_discount_percent integer NOT NULL,
        created_by text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (tier, version),
        CONSTRAINT tier_price_tier_fkey FOREIGN KEY (tier) REFERENCES auth.tier (slug),
        CONSTRAINT tier_price_valid_from_key UNIQUE (tier, valid_from),
        CONSTRAINT tier_price_version_check CHECK (version > 0),
        CONSTRAINT tier_price_input_micros_check CHECK (input_micros BETWEEN 0 AND 1000000000),
        CONSTRAINT tier_price_cached_input_micros_check CHECK (cached_input_micros BETWEEN 0 AND 1000000000),
        CONSTRAINT tier_price_output_micros_check CHECK (output_micros BETWEEN 0 AND 1000000000),
        CONSTRAINT tier_price_batch_discount_percent_check CHECK (batch_discount_percent BETWEEN 0 AND 100)
      )`);
    // Tiers that are no longer offered cost as much as those that replaced them.
    await runner.query(`
      INSERT INTO auth.tier_price
        (tier, version, valid_from, input_micros, cached_input_micros, output_micros, batch_discount_percent, created_by)
      SELECT slug, 1, 'epoch', micros, micros, micros, 50, 'migration'
      FROM auth.tier JOIN (VALUES
        ('free', 0),
        ('cpu_standard', 500000),
        ('cpu_amd_optimized', 500000),
        ('cpu_intel_optimized', 500000),
        ('gpu_nvidia_shared', 1250000),
        ('gpu_nvidia_dedicated', 1250000),
        ('gpu_amd_shared', 1000000),
        ('gpu_amd_dedicated', 1000000),
        ('gpu_intel_shared', 1000000),
        ('gpu_intel_dedicated', 1000000),
        ('self_hosted', 0)) AS price (priced, micros) ON priced = slug`);
    await runner.query(`
      CREATE TRIGGER tier_price_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON auth.tier_price
        FOR EACH STATEMENT EXECUTE FUNCTION auth."refuse_change"()`);
    await runner.query(`
      ALTER TABLE auth.usage_event
        ADD COLUMN cost_micros bigint CONSTRAINT usage_event_cost_micros_check CHECK (cost_micros >= 0),
        ADD COLUMN price_version integer`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE auth.usage_event DROP COLUMN cost_micros, DROP COLUMN price_version');
    await runner.query('DROP TABLE auth.tier_price');
    await runner.query(`
      ALTER TABLE auth.tier DROP COLUMN concurrency_max, DROP COLUMN burst_requests, DROP COLUMN request_timeout_seconds,
        DROP COLUMN idle_timeout_seconds, DROP COLUMN model_bytes_max`);
  }
}
