import type { MigrationInterface, QueryRunner } from 'typeorm';

const CONSTRAINT = 'reported_generation_result_check';
const RESULTS = ['matched', 'settled', 'estimated', 'unreported', 'drift', 'dropped'];

/** The results of batch lines that are not kept are compared as well, and charged to nobody. */
export class AllowUnkeptResults1796400000002 implements MigrationInterface {
  up(runner: QueryRunner): Promise<void> {
    return allow(runner, [...RESULTS, 'unkept']);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`UPDATE auth.reported_generation SET result = 'unreported' WHERE result = 'unkept'`);
    await allow(runner, RESULTS);
  }
}

async function allow(runner: QueryRunner, results: readonly string[]): Promise<void> {
  const list = results.map((result) => `'${result}'`).join(', ');
  await runner.query(`ALTER TABLE auth.reported_generation DROP CONSTRAINT ${CONSTRAINT}`);
  await runner.query(`ALTER TABLE auth.reported_generation ADD CONSTRAINT ${CONSTRAINT} CHECK (result IN (${list}))`);
}
