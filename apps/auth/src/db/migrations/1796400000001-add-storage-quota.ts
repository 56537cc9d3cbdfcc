import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What projects may store, and have enqueued in batches, by tier. */
export class AddStorageQuota1796400000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE auth.tier
        ADD COLUMN storage_bytes_max bigint CONSTRAINT tier_storage_bytes_max_check CHECK (storage_bytes_max > 0),
        ADD COLUMN batch_tokens_max bigint CONSTRAINT tier_batch_tokens_max_check CHECK (batch_tokens_max > 0)`);
    // GiB, and millions of tokens. Tiers that operators have added stay unlimited.
    await runner.query(`
      UPDATE auth.tier SET storage_bytes_max = CASE
        WHEN slug = 'free' THEN 10 WHEN slug LIKE 'cpu\\_%' THEN 100 WHEN slug LIKE 'gpu\\_%' THEN 500 END * 1073741824::bigint,
        batch_tokens_max = CASE WHEN slug = 'free' THEN 2 WHEN slug LIKE 'cpu\\_%' THEN 50 ELSE 500 END * 1000000::bigint
      WHERE slug IN ('free', 'cpu_standard', 'cpu_amd_optimized', 'cpu_intel_optimized', 'gpu_nvidia_shared',
        'gpu_nvidia_dedicated', 'gpu_amd_shared', 'gpu_amd_dedicated', 'gpu_intel_shared', 'gpu_intel_dedicated')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE auth.tier DROP COLUMN storage_bytes_max, DROP COLUMN batch_tokens_max');
  }
}
