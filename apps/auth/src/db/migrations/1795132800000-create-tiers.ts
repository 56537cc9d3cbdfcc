import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Service tiers and their limits. Operators change limits here without a release; NULL is unlimited. */
export class CreateTiers1795132800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE auth.tier (
        slug text PRIMARY KEY CHECK (slug ~ '^[a-z0-9_]{1,64}$'),
        name text NOT NULL,
        requests_per_minute integer CHECK (requests_per_minute > 0),
        tokens_per_minute integer CHECK (tokens_per_minute > 0)
      )`);
    await runner.query(`
      INSERT INTO auth.tier (slug, name, requests_per_minute, tokens_per_minute) VALUES
        ('free', 'Free', 20, 10000),
        ('cpu_standard', 'CPU Standard', 60, 50000),
        ('cpu_amd_optimized', 'CPU AMD Optimized', 80, 100000),
        ('cpu_intel_optimized', 'CPU Intel Optimized', 80, 100000),
        ('gpu_nvidia_shared', 'GPU NVIDIA Shared', 100, 250000),
        ('gpu_nvidia_dedicated', 'GPU NVIDIA Dedicated', 500, 500000),
        ('gpu_amd_shared', 'GPU AMD Shared', 100, 250000),
        ('gpu_amd_dedicated', 'GPU AMD Dedicated', 500, 500000),
        ('gpu_intel_shared', 'GPU Intel Shared', 100, 250000),
        ('gpu_intel_dedicated', 'GPU Intel Dedicated', 500, 500000),
        ('self_hosted', 'Self-Hosted', NULL, NULL)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE auth.tier');
  }
}
