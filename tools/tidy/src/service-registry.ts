/** The project.json of a service must match its code, and the documents must list the service. */
import { readRegistry } from '@xerotier/registry';
import { settingsOf, settingsProblems } from '@xerotier/registry/settings';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Documents that list all services, and the reference to a service in each. */
const LISTS: readonly (readonly [document: string, named: (service: string) => string])[] = [
  ['docs/architecture.md', (service) => `(../apps/${service}/src/main.ts)`],
  ['docs/deployment.md', (service) => `\`${service}\``],
];

/** Returns all problems. @throws {Error} when an entry is invalid. */
export async function checkServiceRegistry(root: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of readRegistry(root)) {
    if (!existsSync(join(root, 'apps', entry.name, 'src/main.ts')))
      found.push(`apps/${entry.name} has no src/main.ts to start`);
    found.push(...settingsProblems(entry, await settingsOf(entry.name, root)));
    for (const [document, named] of LISTS)
      if (!readFileSync(join(root, document), 'utf8').includes(named(entry.name)))
        found.push(`${document} does not list the service ${entry.name}: add it to the table as ${named(entry.name)}`);
  }
  return found;
}
