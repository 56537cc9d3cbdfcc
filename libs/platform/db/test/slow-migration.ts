import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Slow enough for concurrent processes to overlap, and fails if it runs twice. */
export class CreateSlowly1795132800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE slow.thing (id integer PRIMARY KEY)');
    await runner.query('SELECT pg_sleep(0.5)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE slow.thing');
  }
}
