/** The Compose specification's own schema, as published by its authors (fixtures/, Apache-2.0). */
import { Ajv } from 'ajv';
import type { ValidateFunction } from 'ajv';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

let compiled: ValidateFunction | undefined;

/** Returns the schema violations of a document. */
export function schemaProblems(document: unknown): string[] {
  compiled ??= compile();
  if (compiled(document)) return [];
  return (compiled.errors ?? []).map(
    ({ instancePath, message, params }) =>
      `${instancePath === '' ? 'the file' : instancePath.slice(1).replaceAll('/', '.')} ${message} ${JSON.stringify(params)}`,
  );
}

function compile(): ValidateFunction {
  const text = readFileSync(join(import.meta.dirname, 'fixtures/compose-spec.json'), 'utf8');
  const { $schema: _, ...schema } = JSON.parse(text) as Record<string, unknown>;
  // Not strict: the schema omits types where they are implied.
  return new Ajv({ strict: false, allErrors: true }).compile(schema);
}
