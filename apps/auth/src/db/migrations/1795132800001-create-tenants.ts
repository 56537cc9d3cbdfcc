import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tenants: teams own projects, projects have endpoints and API keys. */
export class CreateTenants1795132800001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE auth.team (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        name text NOT NULL CHECK (length(name) BETWEEN 1 AND 256),
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    // Upper case only after the prefix: the id is also a label of a host name, which is case-insensitive.
    await runner.query(`
      CREATE TABLE auth.project (
        id text PRIMARY KEY CHECK (id ~ '^proj_[A-Z0-9]{6,32}$'),
        team_id uuid NOT NULL REFERENCES auth.team (id),
        name text NOT NULL CHECK (length(name) BETWEEN 1 AND 256),
        slug text NOT NULL CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT project_slug_key UNIQUE (team_id, slug)
      )`);
    await runner.query(`
      CREATE TABLE auth.endpoint (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        project_id text NOT NULL REFERENCES auth.project (id),
        slug text NOT NULL CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
        model_id text NOT NULL CHECK (model_id ~ '^[A-Za-z0-9_-]{1,64}$'),
        tier text NOT NULL REFERENCES auth.tier (slug) ON UPDATE CASCADE,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT endpoint_slug_key UNIQUE (project_id, slug)
      )`);
    // The previous value of a rotated key stays valid for a while.
    await runner.query(`
      CREATE TABLE auth.api_key (
        id text PRIMARY KEY,
        project_id text NOT NULL REFERENCES auth.project (id),
        name text NOT NULL CHECK (length(name) BETWEEN 1 AND 256),
        key_hash bytea NOT NULL CHECK (octet_length(key_hash) = 32),
        last4 text NOT NULL CHECK (length(last4) = 4),
        previous_key_hash bytea CHECK (octet_length(previous_key_hash) = 32),
        previous_valid_until timestamptz,
        scopes text[] NOT NULL
          CHECK (cardinality(scopes) > 0 AND scopes <@ ARRAY['inference', 'management', 'execution']),
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz,
        revoked_at timestamptz,
        last_used_at timestamptz,
        CONSTRAINT api_key_hash_key UNIQUE (key_hash),
        CHECK ((previous_key_hash IS NULL) = (previous_valid_until IS NULL))
      )`);
    await runner.query(`
      CREATE UNIQUE INDEX api_key_previous_hash_key ON auth.api_key (previous_key_hash)
        WHERE previous_key_hash IS NOT NULL`);
    await runner.query('CREATE INDEX api_key_project_idx ON auth.api_key (project_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE auth.api_key');
    await runner.query('DROP TABLE auth.endpoint');
    await runner.query('DROP TABLE auth.project');
    await runner.query('DROP TABLE auth.team');
  }
}
