import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The model catalogue. The id is a NATS subject token; the name is what clients send and receive. */
export class CreateModels1795132800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE router.model (
        id text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
        name text NOT NULL CHECK (length(name) BETWEEN 1 AND 256),
        owned_by text NOT NULL CHECK (length(owned_by) BETWEEN 1 AND 256),
        context_tokens integer NOT NULL CHECK (context_tokens > 0),
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE router.model');
  }
}
