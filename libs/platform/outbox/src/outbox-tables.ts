/** The outbox and inbox tables, for a migration of the service that owns the schema. */
import { assertSchemaName } from '@xerotier/db';
import type { QueryRunner } from 'typeorm';

/** Creates `outbox` and `inbox` in a schema. */
export async function createOutboxTables(runner: QueryRunner, schema: string): Promise<void> {
  assertSchemaName(schema);
  await runner.query(`
    CREATE TABLE "${schema}".outbox (
      id uuid PRIMARY KEY,
      position bigint GENERATED ALWAYS AS IDENTITY,
      subject text NOT NULL,
      payload json NOT NULL,
      headers json NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      attempts integer NOT NULL DEFAULT 0,
      available_at timestamptz NOT NULL DEFAULT now()
    )`);
  await runner.query(`CREATE INDEX outbox_position_idx ON "${schema}".outbox (position)`);
  await runner.query(`
    CREATE TABLE "${schema}".inbox (
      consumer text NOT NULL,
      event_id text NOT NULL,
      received_at timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT inbox_pkey PRIMARY KEY (consumer, event_id)
    )`);
  await runner.query(`CREATE INDEX inbox_received_at_idx ON "${schema}".inbox (received_at)`);
}

/** Undoes `createOutboxTables`; unpublished events are lost. */
export async function dropOutboxTables(runner: QueryRunner, schema: string): Promise<void> {
  assertSchemaName(schema);
  await runner.query(`DROP TABLE "${schema}".inbox`);
  await runner.query(`DROP TABLE "${schema}".outbox`);
}
