/** docs/generated/metrics.md: every metric, from the files `metrics.ts` that declare them, with the services that have it. */
import { readRegistry } from '@xerotier/registry';
import { declarationOf } from '@xerotier/telemetry';
import type { MetricDeclaration } from '@xerotier/telemetry';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { GENERATED_NOTE, table } from './markdown.ts';

const root = resolve(import.meta.dirname, '../../..');
const DECLARING_FILES = ['apps/*/src/metrics.ts', 'libs/*/*/src/metrics.ts'];

/** The host of all services depends on it; those without a schema do not load it. */
const OF_DATABASES = new Set(['@xerotier/db']);
/** Likewise; the services that load it depend on it themselves. */
const OF_OUTBOXES = new Set(['@xerotier/outbox']);

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

export async function metricsPage(): Promise<string> {
  const rows: string[][] = [];
  for (const folder of declaringFolders()) {
    const services = servicesWith(folder).join(', ') || 'none yet';
    for (const metric of await declarationsOf(folder)) rows.push(row(metric, services));
  }
  return [
    '# Metrics',
    GENERATED_NOTE,
    'What `/metrics` on the health port of each process has, beside the `process_*` and `nodejs_*` metrics of prom-client. No label has a project, a key, a request or a text as its value. [observability.md](../observability.md) tells how to scrape them.',
    table(
      ['Name', 'Type', 'Unit', 'Labels', 'Meaning', 'Services'],
      rows.sort(([a = ''], [b = '']) => (a < b ? -1 : 1)),
    ),
  ]
    .join('\n\n')
    .concat('\n');
}

function row({ name, type, unit, labels, about }: MetricDeclaration, services: string): string[] {
  const described = Object.entries(labels).map(([label, values]) => `\`${label}\`: ${values}`);
  return [`\`${name}\``, type, unit, described.join('; '), about, services];
}

function declaringFolders(): string[] {
  const files = DECLARING_FILES.flatMap((pattern) => globSync(pattern, { cwd: root }));
  return files.map((file) => dirname(dirname(file))).filter((folder) => existsSync(join(root, folder, 'project.json')));
}

/** @throws {Error} when the file exports anything else as `metrics`. */
async function declarationsOf(folder: string): Promise<MetricDeclaration[]> {
  const path = `${folder}/src/metrics.ts`;
  const { metrics } = (await import(pathToFileURL(join(root, path)).href)) as { metrics?: Record<string, object> };
  return Object.entries(metrics ?? {}).map(([key, metric]) => {
    const declaration = declarationOf(metric);
    if (declaration === undefined) throw new Error(`${path}: metrics.${key} is no declared metric`);
    return declaration;
  });
}

/** Services that are this project, or use it, directly or not. */
function servicesWith(folder: string): string[] {
  const { name } = manifestAt(folder);
  return readRegistry()
    .filter(({ schema }) => schema !== undefined || !OF_DATABASES.has(name))
    .map((service) => service.name)
    .filter((service) => {
      const manifest = manifestAt(`apps/${service}`);
      return OF_OUTBOXES.has(name) ? manifest.dependencies?.[name] !== undefined : uses(manifest, name);
    });
}

function uses({ name, dependencies = {} }: Manifest, wanted: string, seen = new Set<string>()): boolean {
  if (name === wanted) return true;
  if (seen.has(name)) return false;
  seen.add(name);
  return Object.keys(dependencies)
    .filter((dependency) => dependency.startsWith('@xerotier/'))
    .some((dependency) => uses(manifestAt(`node_modules/${dependency}`), wanted, seen));
}

function manifestAt(folder: string): Manifest {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest;
}
