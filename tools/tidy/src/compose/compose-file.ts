/** A Compose file as the checks want it: variables replaced, and one form where the specification allows several. */
import { parse } from 'yaml';
import { MissingVariable, interpolate } from './interpolate.ts';
import type { Reference } from './interpolate.ts';

export interface ComposeService {
  readonly name: string;
  readonly image: string | undefined;
  readonly build:
    { readonly context: string; readonly dockerfile: string; readonly target: string | undefined } | undefined;
  readonly entrypoint: readonly string[] | undefined;
  readonly command: readonly string[] | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly envFiles: readonly string[];
  readonly ports: readonly PublishedPort[];
  readonly mounts: readonly Mount[];
  readonly networks: readonly string[];
  readonly configs: readonly string[];
  readonly secrets: readonly string[];
  readonly dependsOn: Readonly<Record<string, string>>;
  readonly profiles: readonly string[];
  readonly healthcheck: readonly string[] | undefined;
  /** Everything else, as it is written. */
  readonly rest: Readonly<Record<string, unknown>>;
}

export interface PublishedPort {
  readonly hostIp: string | undefined;
  readonly published: number;
  readonly target: number;
}

export interface Mount {
  readonly source: string;
  readonly target: string;
  /** A path of the host and not a named volume. */
  readonly isBind: boolean;
}

export interface ComposeFile {
  readonly document: unknown;
  readonly services: readonly ComposeService[];
  readonly networks: readonly string[];
  readonly volumes: readonly string[];
  readonly secrets: readonly string[];
  /** With the file of the host that each one is. */
  readonly configs: Readonly<Record<string, string | undefined>>;
  /** Every use of a variable, also in defaults. */
  readonly references: readonly Reference[];
  /** Required variables that the environment does not have, and other things that stop `docker compose`. */
  readonly problems: readonly string[];
}

type Tree = Readonly<Record<string, unknown>>;

/** @throws {Error} when the text is no YAML. Everything that is wrong with its content is in `problems`. */
export function readComposeFile(text: string, env: Readonly<Record<string, string>>): ComposeFile {
  const references: Reference[] = [];
  const problems = new Set<string>();
  const document = replaced(parse(text, { merge: true, uniqueKeys: true }), env, references, problems) as Tree;
  const section = (name: string): Tree => (document[name] ?? {}) as Tree;
  return {
    document,
    services: Object.entries(section('services')).map(([name, tree]) => serviceOf(name, tree as Tree)),
    networks: Object.keys(section('networks')),
    volumes: Object.keys(section('volumes')),
    secrets: Object.keys(section('secrets')),
    configs: Object.fromEntries(
      Object.entries(section('configs')).map(([name, config]) => [name, (config as { file?: string } | null)?.file]),
    ),
    references,
    problems: [...problems],
  };
}

function replaced(
  value: unknown,
  env: Readonly<Record<string, string>>,
  references: Reference[],
  problems: Set<string>,
): unknown {
  if (typeof value === 'string') {
    try {
      return interpolate(value, env, (reference) => references.push(reference));
    } catch (error) {
      if (!(error instanceof MissingVariable || error instanceof SyntaxError)) throw error;
      problems.add(error instanceof MissingVariable ? `the environment lacks ${error.message}` : error.message);
      return value;
    }
  }
  if (Array.isArray(value)) return value.map((item) => replaced(item, env, references, problems));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, replaced(item, env, references, problems)]),
  );
}

function serviceOf(name: string, tree: Tree): ComposeService {
  const build = tree['build'] as string | { context?: string; dockerfile?: string; target?: string } | undefined;
  const {
    context = '.',
    dockerfile = 'Dockerfile',
    target,
  } = typeof build === 'string' ? { context: build } : (build ?? {});
  const healthcheck = tree['healthcheck'] as { test?: unknown; disable?: boolean } | undefined;
  return {
    name,
    image: tree['image'] as string | undefined,
    build: build === undefined ? undefined : { context, dockerfile, target },
    entrypoint: words(tree['entrypoint']),
    command: words(tree['command']),
    environment: pairs(tree['environment']),
    envFiles: list(tree['env_file']).map((file) => (typeof file === 'string' ? file : (file as { path: string }).path)),
    ports: list(tree['ports']).map(portOf),
    mounts: list(tree['volumes']).map(mountOf),
    networks: namesOf(tree['networks']),
    configs: namesOf(tree['configs']),
    secrets: namesOf(tree['secrets']),
    dependsOn: dependenciesOf(tree['depends_on']),
    profiles: list(tree['profiles']) as string[],
    healthcheck: healthcheck?.disable === true ? undefined : words(healthcheck?.test),
    rest: tree,
  };
}

function list(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function words(value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value.split(/\s+/) : list(value).map(String);
}

/** `environment` as a map; a name without a value takes the one of the shell, which no check can know. */
function pairs(value: unknown): Record<string, string> {
  if (!Array.isArray(value)) {
    const entries = Object.entries((value ?? {}) as Readonly<Record<string, string | number | boolean | null>>);
    return Object.fromEntries(entries.map(([name, text]) => [name, String(text ?? '')]));
  }
  return Object.fromEntries(
    value.map((line) => {
      const [name = '', text = ''] = String(line).split(/=(.*)/s);
      return [name, text];
    }),
  );
}

/** Names, whether they are a list of names, a list of `{ source }` or the keys of a map. */
function namesOf(value: unknown): string[] {
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) return Object.keys(value);
  return list(value).map((item) => (typeof item === 'string' ? item : String((item as { source?: unknown }).source)));
}

function dependenciesOf(value: unknown): Record<string, string> {
  if (Array.isArray(value)) return Object.fromEntries(value.map((name) => [String(name), 'service_started']));
  return Object.fromEntries(
    Object.entries((value ?? {}) as Record<string, { condition: string }>).map(([name, { condition }]) => [
      name,
      condition,
    ]),
  );
}

function portOf(value: unknown): PublishedPort {
  if (typeof value === 'object' && value !== null) {
    const { host_ip: hostIp, published, target } = value as { host_ip?: string; published?: unknown; target?: unknown };
    return { hostIp, published: Number(published), target: Number(target) };
  }
  const parts = String(value)
    .replace(/\/(tcp|udp)$/, '')
    .split(':');
  const [target, published = target] = parts.slice().reverse();
  return {
    hostIp: parts.length > 2 ? parts.slice(0, -2).join(':') : undefined,
    published: Number(published),
    target: Number(target),
  };
}

function mountOf(value: unknown): Mount {
  if (typeof value === 'object' && value !== null) {
    const { type, source = '', target = '' } = value as { type?: string; source?: string; target?: string };
    return { source, target, isBind: type === 'bind' };
  }
  const [source = '', target = ''] = String(value).split(':');
  return { source, target, isBind: /^[./~]/.test(source) };
}
