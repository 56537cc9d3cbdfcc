import { missingStatements } from './postgres-cluster.ts';

describe('missingStatements', () => {
  const account = { user: 'ann', password: 'one', database: 'app' };
  const record = { user: 'ann', password: 'one', databases: ['postgres', 'app'] };

  it('is empty when nothing is missing', () => {
    expect(missingStatements(record, account)).toEqual([]);
  });

  it('creates a missing database, a new role and a new password', () => {
    expect(missingStatements({ ...record, databases: [] }, account)).toEqual(['CREATE DATABASE "app" OWNER "ann"']);
    expect(missingStatements({ ...record, password: 'old' }, account)).toEqual([`ALTER ROLE "ann" PASSWORD E'one'`]);
    expect(missingStatements({ ...record, user: 'bob' }, account)).toEqual([
      `CREATE ROLE "ann" SUPERUSER LOGIN PASSWORD E'one'`,
    ]);
  });

  it('quotes names and passwords', () => {
    const odd = { user: 'a"b', password: `x'; DROP DATABASE app; --\\`, database: 'd"' };
    expect(missingStatements({ user: 'c', password: '', databases: [] }, odd)).toEqual([
      `CREATE ROLE "a""b" SUPERUSER LOGIN PASSWORD E'x''; DROP DATABASE app; --\\\\'`,
      'CREATE DATABASE "d""" OWNER "a""b"',
    ]);
  });
});
