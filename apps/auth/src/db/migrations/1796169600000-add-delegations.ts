import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What owners delegate to members: the risk levels of operations that they may approve. */
export class AddDelegations1796169600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE auth.member
        ADD COLUMN approves text[] NOT NULL DEFAULT '{}',
        ADD CONSTRAINT member_approves_check CHECK (approves <@ ARRAY['destructive', 'irreversible'])`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE auth.member DROP COLUMN approves');
  }
}
