import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * All values that keys had before a rotation: a seed that still contains one must not make it valid again. A trigger
 * writes these rows, so that no code path can bypass it.
 */
export class KeepReplacedKeys1795132800080 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE auth.replaced_key (
        key_hash bytea PRIMARY KEY,
        api_key_id text NOT NULL REFERENCES auth.api_key (id) ON DELETE CASCADE,
        replaced_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query('CREATE INDEX replaced_key_api_key_idx ON auth.replaced_key (api_key_id)');
    await runner.query(`
      INSERT INTO auth.replaced_key (key_hash, api_key_id)
      SELECT previous_key_hash, id FROM auth.api_key WHERE previous_key_hash IS NOT NULL`);
    await runner.query(`
      CREATE FUNCTION auth.keep_replaced_key() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO auth.replaced_key (key_hash, api_key_id) VALUES (OLD.key_hash, OLD.id) ON CONFLICT DO NOTHING;
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE TRIGGER keep_replaced_key AFTER UPDATE OF key_hash ON auth.api_key
      FOR EACH ROW WHEN (OLD.key_hash IS DISTINCT FROM NEW.key_hash) EXECUTE FUNCTION auth.keep_replaced_key()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TRIGGER keep_replaced_key ON auth.api_key');
    await runner.query('DROP FUNCTION auth.keep_replaced_key()');
    await runner.query('DROP TABLE auth.replaced_key');
  }
}
