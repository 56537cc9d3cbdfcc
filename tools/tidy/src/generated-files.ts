/** Generated files must match the output of their generator. */
import { generatedFiles } from '@xerotier/generators';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from './run-program.ts';

export async function checkGeneratedFiles(): Promise<string[]> {
  const found: string[] = [];
  for (const { path, content } of await generatedFiles()) {
    const kept = await readFile(join(projectRoot, path), 'utf8').catch(() => undefined);
    if (kept !== content) found.push(`${path} is out of date: run \`npm run gen\` and commit it`);
  }
  return found;
}
