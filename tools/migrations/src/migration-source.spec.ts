import { runInNewContext } from 'node:vm';
import { migrationSource } from './migration-source.ts';

describe('migrationSource', () => {
  it('returns a class named after the change and its time, with a statement for each query', () => {
    const source = migrationSource('add-user-role', 1795132800000, {
      up: ['ALTER TABLE "auth"."user" ADD "role" text', 'CREATE INDEX user_role_idx ON auth.user (role)'],
      down: ['DROP INDEX auth.user_role_idx', 'ALTER TABLE "auth"."user" DROP COLUMN "role"'],
    });
    expect(source).toContain('export class AddUserRole1795132800000 implements MigrationInterface');
    expect(source.match(/await runner\.query/g)).toHaveLength(4);
    expect(source.indexOf('ADD "role"')).toBeLessThan(source.indexOf('CREATE INDEX'));
  });

  it('escapes template literals', () => {
    const sql = "CHECK (name ~ '^`\\d${1}')";
    const source = migrationSource('add-check', 1, { up: [sql], down: [] });
    const template = /query\((`(?:[^`\\]|\\.)*`)\)/.exec(source)?.[1] ?? '';
    expect(runInNewContext(template)).toBe(sql);
  });
});
