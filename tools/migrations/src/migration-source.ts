/** Statements that change a schema, and those that revert it, each in execution order. */
export interface SchemaChange {
  readonly up: readonly string[];
  readonly down: readonly string[];
}

/** Returns the source of a migration, before formatting. @param name for example `add-user-role`. */
export function migrationSource(name: string, timestamp: number, { up, down }: SchemaChange): string {
  const className = name.replace(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return `import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Generated from the entities and reviewed. Reason: ... */
export class ${className}${timestamp} implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
${up.map(statement).join('\n')}
  }

  async down(runner: QueryRunner): Promise<void> {
${down.map(statement).join('\n')}
  }
}
`;
}

function statement(sql: string): string {
  return `    await runner.query(\`${sql.replace(/[\\`]|\$\{/g, '\\$&')}\`);`;
}
