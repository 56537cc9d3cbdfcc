import { snakeCase, SnakeCaseNamingStrategy } from './snake-case-naming-strategy.ts';

const naming = new SnakeCaseNamingStrategy();

describe('snakeCase', () => {
  it.each([
    ['createdAt', 'created_at'],
    ['ApiKey', 'api_key'],
    ['timeToFirstTokenMs', 'time_to_first_token_ms'],
    ['last4', 'last4'],
    ['baseURLOfEndpoint', 'base_url_of_endpoint'],
    ['id', 'id'],
    ['already_snake', 'already_snake'],
  ])('converts %s to %s', (name, expected) => {
    expect(snakeCase(name)).toBe(expected);
  });
});

describe('SnakeCaseNamingStrategy', () => {
  it('names tables and columns after classes and properties', () => {
    expect(naming.tableName('ApiKey', undefined)).toBe('api_key');
    expect(naming.columnName('createdAt', undefined, [])).toBe('created_at');
    expect(naming.columnName('firstLine', undefined, ['billingAddress'])).toBe('billing_address_first_line');
    expect(naming.joinColumnName('ownerTeam', 'id')).toBe('owner_team_id');
  });

  it('keeps an explicit name', () => {
    expect(naming.tableName('ModelEntity', 'model')).toBe('model');
    expect(naming.columnName('createdAt', 'madeAt', [])).toBe('madeAt');
  });

  it('names constraints as PostgreSQL does, without the schema', () => {
    expect(naming.primaryKeyName('auth.project')).toBe('project_pkey');
    expect(naming.foreignKeyName('auth.project', ['team_id'])).toBe('project_team_id_fkey');
    expect(naming.uniqueConstraintName('auth.project', ['team_id', 'slug'])).toBe('project_team_id_slug_key');
    expect(naming.indexName('auth.project', ['team_id'])).toBe('project_team_id_idx');
  });
});
