import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Uploads that ended long ago are deleted. */
export class IndexEndedUploads1796420000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE INDEX upload_ended_idx ON files.upload (expires_at) WHERE status <> 'pending'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX files.upload_ended_idx');
  }
}
