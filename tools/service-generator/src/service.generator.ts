/**
 * `npx nx g service <name>`: creates a service that starts, is tested and is deployed. It edits the files that list
 * services by hand (CONTRIBUTING.md, "Add a service"); everything else reads `project.json`.
 */
import { formatFiles, generateFiles } from '@nx/devkit';
import type { GeneratorCallback, Tree } from '@nx/devkit';
import { readRegistry } from '@xerotier/registry';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { withComposeService, withDockerfileTarget, withExampleSecret } from './deployment.ts';
import type { NewService } from './deployment.ts';
import { insertAfterLast, insertBefore } from './edit-text.ts';

export interface ServiceOptions {
  readonly name: string;
  readonly description: string;
  readonly secret?: string;
  /** Default false. */
  readonly skipInstall?: boolean;
}

/** @throws {Error} when the app exists, or a file does not have the format that the generator expects. */
export async function serviceGenerator(tree: Tree, options: ServiceOptions): Promise<GeneratorCallback> {
  const { name, description, secret, skipInstall = false } = options;
  if (tree.exists(`apps/${name}`)) throw new Error(`App '${name}' already exists`);
  if (tree.exists(`libs/contracts/src/${name}`)) throw new Error(`Contract '${name}' already exists`);
  const service = { name, description, secret };
  const others = readRegistry(tree.root)
    .filter(({ kind, name: other }) => kind === 'service' && other !== 'gateway')
    .map((entry) => entry.name);

  const templates = join(import.meta.dirname, 'templates');
  const names = { ...service, secret: secret ?? '', ...casesOf(name), versionOf: versionsIn(tree) };
  generateFiles(tree, join(templates, 'app'), `apps/${name}`, names);
  generateFiles(tree, join(templates, 'contract'), `libs/contracts/src/${name}`, names);
  generateFiles(tree, join(templates, 'fixtures'), 'libs/contracts/src/fixtures', names);

  change(tree, 'libs/contracts/src/errors.ts', (text) => withErrors(text, name));
  change(tree, 'docker-compose.yml', (text) => withComposeService(text, others, service));
  change(tree, 'deploy/Dockerfile', (text) => withDockerfileTarget(text, name));
  change(tree, 'deploy/compose.env.example', (text) => withExampleSecret(text, service));
  change(tree, 'docs/architecture.md', (text) =>
    withRow(text, others, (other) => `[${other}](../apps/${other}/src/main.ts)`, service, 'NATS in; Postgres'),
  );
  change(tree, 'docs/deployment.md', (text) =>
    withRow(text, others, (other) => `\`${other}\``, service, '`bus`, `data` |'),
  );
  await formatFiles(tree);
  return () => {
    if (!skipInstall) installAndDocument(tree.root);
  };
}

/** Returns the forms of a name in code: for `file-sets` fileSets, FileSets, FILE_SETS and the schema file_sets. */
function casesOf(name: string): Record<'camel' | 'pascal' | 'schema', string> {
  const pascal = name.replace(/(?:^|-)([a-z0-9])/g, (_, first: string) => first.toUpperCase());
  return { pascal, camel: pascal.charAt(0).toLowerCase() + pascal.slice(1), schema: name.replaceAll('-', '_') };
}

/** Looks up versions of packages in the other services: each has one version in the project. */
function versionsIn(tree: Tree): (dependency: string) => string {
  const packages = readRegistry(tree.root).map(({ name }) => tree.read(`apps/${name}/package.json`, 'utf-8') ?? '{}');
  const known = packages.map((text) => (JSON.parse(text) as { dependencies?: Record<string, string> }).dependencies);
  return (dependency) => {
    const version = known.find((dependencies) => dependencies?.[dependency] !== undefined)?.[dependency];
    if (version === undefined) throw new Error(`No service depends on ${dependency}: unknown version`);
    return version;
  };
}

function change(tree: Tree, path: string, edit: (text: string) => string): void {
  const text = tree.read(path, 'utf-8');
  if (text === null) throw new Error(`${path} does not exist`);
  const edited = edit(text);
  if (edited !== text) tree.write(path, edited);
}

/** Adds the service's error table to that of the platform. */
function withErrors(text: string, name: string): string {
  const path = 'libs/contracts/src/errors.ts';
  const table = `${casesOf(name).camel}Errors`;
  const imported = insertAfterLast(
    path,
    text,
    /^import \{ \w+Errors \} from '.*';\n/gm,
    `import { ${table} } from './${name}/errors.ts';\n`,
  );
  return insertBefore(path, imported, /^\} as const;$/m, `  ...${table},\n`);
}

/** Adds a row to a table of services, after the last of the others; prettier aligns it. */
function withRow(
  text: string,
  others: readonly string[],
  cell: (service: string) => string,
  { name, description }: NewService,
  last: string,
): string {
  const lines = text.split('\n');
  const at = lines.findLastIndex((line) => others.some((other) => line.startsWith(`| ${cell(other)}`)));
  if (at === -1) throw new Error(`No table of services with ${cell(name)} in its first column`);
  return lines.toSpliced(at + 1, 0, `| ${cell(name)} | ${description} | ${last} |`).join('\n');
}

/** Links the new workspace, and updates lock file and generated references. */
function installAndDocument(root: string): void {
  for (const args of [['install'], ['run', '--silent', 'gen']]) {
    const { status } = spawnSync('npm', args, { cwd: root, stdio: 'inherit' });
    if (status !== 0) throw new Error(`npm ${args.join(' ')} failed`);
  }
}
