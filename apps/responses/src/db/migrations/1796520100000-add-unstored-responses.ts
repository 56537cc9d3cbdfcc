import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Responses in the background that are not stored are deleted some time after their end; how fast responses end tells when queued ones start. */
export class AddUnstoredResponses1796520100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE responses.response ADD COLUMN stored boolean NOT NULL DEFAULT true');
    await runner.query('CREATE INDEX response_unstored_ended_at_idx ON responses.response (ended_at) WHERE NOT stored');
    await runner.query(
      'CREATE INDEX response_background_ended_at_idx ON responses.response (ended_at) WHERE background',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX responses.response_background_ended_at_idx');
    await runner.query('DROP INDEX responses.response_unstored_ended_at_idx');
    await runner.query('ALTER TABLE responses.response DROP COLUMN stored');
  }
}
