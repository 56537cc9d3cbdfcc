/**
 * The services of this platform, from the `project.json` of each app. Everything that lists services reads it (the
 * embedded stack, generated references, checks), or is checked against it (Compose file, Dockerfile, documents).
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { projectFile } from './service-entry.ts';
import type { ServiceEntry } from './service-entry.ts';

const projectRoot = resolve(import.meta.dirname, '../../..');

/** Workers are last: they need the services. */
const KINDS = ['service', 'worker'];

/**
 * Returns all services in their standard order: by kind, then by name.
 * @throws {Error} that names the file and the field, when an entry is missing or invalid.
 */
export function readRegistry(root = projectRoot): ServiceEntry[] {
  const apps = join(root, 'apps');
  const entries = readdirSync(apps)
    .filter((folder) => existsSync(join(apps, folder, 'project.json')))
    .map((folder) => readEntry(root, folder));
  for (const field of ['image', 'schema'] as const) {
    const values = entries.map((entry) => entry[field]).filter((value) => value !== undefined);
    const doubled = values.find((value, at) => values.indexOf(value) < at);
    if (doubled !== undefined) throw new Error(`Two apps have the ${field} '${doubled}' in their project.json`);
  }
  return entries.sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || (a.name < b.name ? -1 : 1));
}

/** @throws {RangeError} when the service does not exist. */
export function serviceNamed(registry: readonly ServiceEntry[], name: string): ServiceEntry {
  const found = registry.find((entry) => entry.name === name);
  if (found === undefined)
    throw new RangeError(`Unknown app '${name}', expected one of ${registry.map((entry) => entry.name).join(', ')}`);
  return found;
}

function readEntry(root: string, folder: string): ServiceEntry {
  const path = `apps/${folder}/project.json`;
  const { data, error } = projectFile.safeParse(JSON.parse(readFileSync(join(root, path), 'utf8')));
  if (error !== undefined) throw new Error(`${path} is not a valid service description:\n${z.prettifyError(error)}`);
  if (data.name !== folder)
    throw new Error(`${path} names the app '${data.name}', which must equal the name of its folder`);
  return { name: data.name, description: data.metadata.description, ...data.metadata.xerotier };
}
