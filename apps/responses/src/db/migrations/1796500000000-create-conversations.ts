import { disableTenantIsolation, enableTenantIsolation } from '@xerotier/db';
import type { TenantTable } from '@xerotier/db';
import { createIdempotencyKeyTable, dropIdempotencyKeyTable } from '@xerotier/idempotency';
import { createOutboxTables, dropOutboxTables } from '@xerotier/outbox';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const schema = 'responses';
const TABLES: readonly TenantTable[] = [
  { schema, table: 'item' },
  { schema, table: 'conversation' },
  { schema, table: 'conversation_item' },
];

/** Items, each in one row, and conversations, which are orders of items. */
export class CreateConversations1796500000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createIdempotencyKeyTable(runner, schema);
    await createOutboxTables(runner, schema);
    await runner.query(`
      CREATE TABLE responses.item (
        project_id text NOT NULL CONSTRAINT item_project_id_fkey REFERENCES responses.data_key (project_id),
        id text NOT NULL CONSTRAINT item_id_check CHECK (id ~ '^[a-z]{2,8}_[0-9a-f]{48}$'),
        parent_id text,
        kind text NOT NULL,
        content bytea NOT NULL,
        bytes integer NOT NULL CONSTRAINT item_bytes_check CHECK (bytes > 0),
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT item_key PRIMARY KEY (project_id, id),
        CONSTRAINT item_parent_fkey FOREIGN KEY (project_id, parent_id) REFERENCES responses.item (project_id, id)
      )`);
    // Encrypted data is not compressible, so PostgreSQL should not try.
    await runner.query('ALTER TABLE responses.item ALTER COLUMN content SET STORAGE EXTERNAL');
    await runner.query(
      'CREATE INDEX item_parent_idx ON responses.item (project_id, parent_id) WHERE parent_id IS NOT NULL',
    );
    await runner.query(`
      CREATE TABLE responses.conversation (
        project_id text NOT NULL CONSTRAINT conversation_project_id_fkey REFERENCES responses.data_key (project_id),
        id text NOT NULL,
        metadata bytea NOT NULL,
        next_position bigint NOT NULL DEFAULT 0,
        items integer NOT NULL DEFAULT 0,
        bytes bigint NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT conversation_key PRIMARY KEY (project_id, id),
        CONSTRAINT conversation_items_check CHECK (items >= 0 AND bytes >= 0)
      )`);
    await runner.query(
      'CREATE INDEX conversation_created_at_idx ON responses.conversation (project_id, created_at, id)',
    );
    await runner.query(`
      CREATE TABLE responses.conversation_item (
        project_id text NOT NULL,
        conversation_id text NOT NULL,
        position bigint NOT NULL,
        item_id text NOT NULL,
        CONSTRAINT conversation_item_key PRIMARY KEY (project_id, conversation_id, position),
        CONSTRAINT conversation_item_conversation_fkey
          FOREIGN KEY (project_id, conversation_id) REFERENCES responses.conversation (project_id, id),
        CONSTRAINT conversation_item_item_fkey
          FOREIGN KEY (project_id, item_id) REFERENCES responses.item (project_id, id)
      )`);
    await runner.query(
      'CREATE UNIQUE INDEX conversation_item_item_idx ON responses.conversation_item (project_id, item_id, conversation_id)',
    );
    for (const table of TABLES) await enableTenantIsolation(runner, table);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await disableTenantIsolation(runner, table);
    for (const table of ['conversation_item', 'conversation', 'item'])
      await runner.query(`DROP TABLE responses.${table}`);
    await dropOutboxTables(runner, schema);
    await dropIdempotencyKeyTable(runner, schema);
  }
}
