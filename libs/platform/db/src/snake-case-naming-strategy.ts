import { DefaultNamingStrategy } from 'typeorm';
import type { Table } from 'typeorm';

/**
 * Maps `createdAt` to the column `created_at`, and names constraints as PostgreSQL does by default
 * (`project_team_id_fkey`), so that migrations in plain SQL need not name them. Columns of a constraint keep their
 * declaration order.
 */
export class SnakeCaseNamingStrategy extends DefaultNamingStrategy {
  override tableName(className: string, givenName: string | undefined): string {
    return givenName ?? snakeCase(className);
  }

  override columnName(propertyName: string, givenName: string | undefined, embeddedPrefixes: string[]): string {
    return [...embeddedPrefixes.map(snakeCase), givenName ?? snakeCase(propertyName)].join('_');
  }

  override joinColumnName(relationName: string, referencedColumnName: string): string {
    return snakeCase(`${relationName}_${referencedColumnName}`);
  }

  override primaryKeyName(table: Table | string): string {
    return `${this.getTableName(table)}_pkey`;
  }

  override foreignKeyName(table: Table | string, columns: string[]): string {
    return [this.getTableName(table), ...columns, 'fkey'].join('_');
  }

  override uniqueConstraintName(table: Table | string, columns: string[]): string {
    return [this.getTableName(table), ...columns, 'key'].join('_');
  }

  override relationConstraintName(table: Table | string, columns: string[]): string {
    return this.uniqueConstraintName(table, columns);
  }

  override indexName(table: Table | string, columns: string[]): string {
    return [this.getTableName(table), ...columns, 'idx'].join('_');
  }
}

/** Converts `createdAt` and `ApiKey` to `created_at` and `api_key`; digits stay with the word before them (`last4`). */
export function snakeCase(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toLowerCase();
}
