import { disableTenantIsolation, enableTenantIsolation } from '@xerotier/db';
import type { TenantTable } from '@xerotier/db';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const schema = 'responses';
const TABLES: readonly TenantTable[] = [
  { schema, table: 'response', forPlatform: true },
  { schema, table: 'response_item' },
  { schema, table: 'response_event', forPlatform: true },
];

/** Responses, each with its items, and the response that it continues from. */
export class CreateResponses1796520000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE responses.response (
        project_id text NOT NULL CONSTRAINT response_project_id_fkey REFERENCES responses.data_key (project_id),
        id text NOT NULL CONSTRAINT response_id_check CHECK (id ~ '^resp_[0-9a-f]{48}$'),
        previous_id text,
        conversation_id text,
        conversation_end bigint,
        turns integer NOT NULL CONSTRAINT response_turns_check CHECK (turns > 0),
        bytes bigint NOT NULL,
        status text NOT NULL CONSTRAINT response_status_check
          CHECK (status IN ('queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled')),
        background boolean NOT NULL DEFAULT false,
        streamed boolean NOT NULL DEFAULT false,
        job bytea,
        content bytea,
        outcome bytea,
        fence integer NOT NULL DEFAULT 0,
        lease_until timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        ended_at timestamptz,
        deleted_at timestamptz,
        CONSTRAINT response_key PRIMARY KEY (project_id, id),
        CONSTRAINT response_previous_fkey
          FOREIGN KEY (project_id, previous_id) REFERENCES responses.response (project_id, id)
      )`);
    for (const column of ['job', 'content', 'outcome'])
      await runner.query(`ALTER TABLE responses.response ALTER COLUMN ${column} SET STORAGE EXTERNAL`);
    await runner.query(
      'CREATE INDEX response_previous_idx ON responses.response (project_id, previous_id) WHERE previous_id IS NOT NULL',
    );
    await runner.query('CREATE INDEX response_created_at_idx ON responses.response (project_id, created_at)');
    await runner.query(
      `CREATE INDEX response_unfinished_idx ON responses.response (created_at) WHERE status IN ('queued', 'in_progress')`,
    );
    await runner.query(`
      CREATE TABLE responses.response_item (
        project_id text NOT NULL,
        response_id text NOT NULL,
        position integer NOT NULL,
        item_id text NOT NULL,
        is_output boolean NOT NULL,
        CONSTRAINT response_item_key PRIMARY KEY (project_id, response_id, position),
        CONSTRAINT response_item_response_fkey
          FOREIGN KEY (project_id, response_id) REFERENCES responses.response (project_id, id),
        CONSTRAINT response_item_item_fkey
          FOREIGN KEY (project_id, item_id) REFERENCES responses.item (project_id, id)
      )`);
    await runner.query('CREATE INDEX response_item_item_idx ON responses.response_item (project_id, item_id)');
    await runner.query(`
      CREATE TABLE responses.response_event (
        project_id text NOT NULL,
        response_id text NOT NULL,
        first integer NOT NULL,
        last integer NOT NULL,
        content bytea NOT NULL,
        CONSTRAINT response_event_key PRIMARY KEY (project_id, response_id, first),
        CONSTRAINT response_event_response_fkey
          FOREIGN KEY (project_id, response_id) REFERENCES responses.response (project_id, id),
        CONSTRAINT response_event_range_check CHECK (last >= first AND first >= 0)
      )`);
    await runner.query('ALTER TABLE responses.response_event ALTER COLUMN content SET STORAGE EXTERNAL');
    for (const table of TABLES) await enableTenantIsolation(runner, table);
    // What responses have in common is the responses that they continue from, not their items.
    await runner.query('DROP INDEX responses.item_parent_idx');
    await runner.query('ALTER TABLE responses.item DROP COLUMN parent_id');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE responses.item ADD COLUMN parent_id text');
    await runner.query(`
      ALTER TABLE responses.item ADD CONSTRAINT item_parent_fkey
        FOREIGN KEY (project_id, parent_id) REFERENCES responses.item (project_id, id)`);
    await runner.query(
      'CREATE INDEX item_parent_idx ON responses.item (project_id, parent_id) WHERE parent_id IS NOT NULL',
    );
    for (const table of TABLES) await disableTenantIsolation(runner, table);
    for (const table of ['response_event', 'response_item', 'response'])
      await runner.query(`DROP TABLE responses.${table}`);
  }
}
