import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Reports of workers are stored as they come; only generations that do not match the ledger have rows of their own. */
export class StoreReportsWhole1796210000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await rename(runner, 'usage_report', 'reported_generation');
    await runner.query(`
      CREATE TABLE auth.usage_report (
        id uuid PRIMARY KEY,
        worker_id text NOT NULL,
        content json NOT NULL,
        received_at timestamptz NOT NULL DEFAULT now(),
        checked_at timestamptz,
        different text[] NOT NULL DEFAULT '{}'
      )`);
    await runner.query('CREATE INDEX usage_report_received_idx ON auth.usage_report (received_at)');
    await runner.query(
      'CREATE INDEX usage_report_unchecked_idx ON auth.usage_report (received_at) WHERE checked_at IS NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE auth.usage_report');
    await rename(runner, 'reported_generation', 'usage_report');
  }
}

async function rename(runner: QueryRunner, from: string, to: string): Promise<void> {
  await runner.query(`ALTER TABLE auth.${from} RENAME TO ${to}`);
  for (const constraint of ['pkey', 'outcome_check', 'result_check'])
    await runner.query(`ALTER TABLE auth.${to} RENAME CONSTRAINT ${from}_${constraint} TO ${to}_${constraint}`);
  for (const index of ['check_idx', 'received_idx'])
    await runner.query(`ALTER INDEX auth.${from}_${index} RENAME TO ${to}_${index}`);
}
