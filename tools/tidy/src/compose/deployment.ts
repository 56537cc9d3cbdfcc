/** The files of a Compose deployment, combined: what each container runs, in which image, with which settings. */
import { readRegistry } from '@xerotier/registry';
import { settingsOf } from '@xerotier/registry/settings';
import type { ServiceEntry } from '@xerotier/registry';
import type { SettingsTree } from '@xerotier/config';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseEnv } from 'node:util';
import { readComposeFile } from './compose-file.ts';
import type { ComposeFile, ComposeService } from './compose-file.ts';
import { readImages } from './dockerfile.ts';
import type { Image } from './dockerfile.ts';

export const composePath = 'docker-compose.yml';
export const dockerfilePath = 'deploy/Dockerfile';
export const exampleEnvPath = 'deploy/compose.env.example';

/** The contents of the files, so that a test can change them. */
export interface DeploymentTexts {
  readonly compose: string;
  readonly dockerfile: string;
  readonly exampleEnv: string;
}

export interface Container extends ComposeService {
  readonly name: string;
  /** The image it is built from; undefined for a third-party image. */
  readonly built: Image | undefined;
  /** Those of the image, overridden by the Compose file. */
  readonly settings: Readonly<Record<string, string>>;
  readonly probe: readonly string[] | undefined;
  /** The program of this project that it runs: `apps/auth/dist/main.js`, `deploy/seed.mjs`. */
  readonly program: string | undefined;
  /** The settings that the program reads, by owner. */
  readonly readers: Readonly<Record<string, SettingsTree>>;
}

export interface Deployment {
  readonly root: string;
  readonly registry: readonly ServiceEntry[];
  readonly compose: ComposeFile;
  readonly images: ReadonlyMap<string, Image>;
  readonly exampleEnv: Readonly<Record<string, string>>;
  readonly containers: readonly Container[];
  readonly problems: readonly string[];
}

export function readDeploymentTexts(root: string): DeploymentTexts {
  const read = (path: string): string => readFileSync(join(root, path), 'utf8');
  return { compose: read(composePath), dockerfile: read(dockerfilePath), exampleEnv: read(exampleEnvPath) };
}

/** @throws {Error} when a file cannot be parsed. */
export async function loadDeployment(root: string, texts: DeploymentTexts): Promise<Deployment> {
  const registry = readRegistry(root);
  const exampleEnv = parseEnv(texts.exampleEnv) as Record<string, string>;
  const compose = readComposeFile(texts.compose, { ...exampleEnv, ...secretsOf(texts.exampleEnv) });
  const images = readImages(texts.dockerfile);
  const problems = [...compose.problems];
  const containers: Container[] = [];
  for (const [name, service] of Object.entries(compose.services)) {
    const built = service.build === undefined ? undefined : images.get(service.build.target);
    const args = service.command ?? (service.entrypoint === undefined ? built?.cmd : undefined) ?? [];
    const command = [...(service.entrypoint ?? built?.entrypoint ?? []), ...args];
    const program = command.find((word) => /^(?:apps\/[\w-]+\/dist\/main\.js|deploy\/[\w-]+\.mjs)$/.test(word));
    if (service.build !== undefined && built === undefined)
      problems.push(
        `service ${name} builds the target '${service.build.target}', which ${dockerfilePath} does not have`,
      );
    if (built !== undefined && (program === undefined || !existsSync(join(root, sourceOf(program)))))
      problems.push(`service ${name} runs '${command.join(' ')}', which is not a program of this project`);
    containers.push({
      ...service,
      name,
      built,
      settings: { ...built?.env, ...service.environment },
      probe: service.healthcheck?.test ?? built?.healthcheck,
      program: built === undefined ? undefined : program,
      readers: built === undefined ? {} : await readersOf(root, registry, program),
    });
  }
  return { root, registry, compose, images, exampleEnv, containers, problems };
}

/** Returns the source of a built file. */
function sourceOf(path: string): string {
  return path.replace(/\/dist\/(.*)\.js$/, '/src/$1.ts');
}

/** A service reads its own settings; a script in deploy/ also those of the services that it calls. */
async function readersOf(
  root: string,
  registry: readonly ServiceEntry[],
  program = '',
): Promise<Record<string, SettingsTree>> {
  const app = registry.find(({ name }) => program === `apps/${name}/dist/main.js`);
  if (app !== undefined) return { [app.name]: await settingsOf(app.name, root) };
  const described = join(root, program.replace(/\.mjs$/, '-settings.mjs'));
  if (!program.endsWith('.mjs') || !existsSync(described)) return {};
  const { settings, calledServices } = (await import(pathToFileURL(described).href)) as {
    settings: SettingsTree;
    calledServices: readonly string[];
  };
  const called = await Promise.all(calledServices.map(async (name) => [name, await settingsOf(name, root)] as const));
  return { [program]: settings, ...Object.fromEntries(called) };
}

/** Returns a value for each variable that deploy/make-env.sh generates: the empty ones of the section `Secrets`. */
export function secretsOf(exampleEnv: string): Record<string, string> {
  const [, section = ''] = /^# --- Secrets([\s\S]*?)^# --- /m.exec(exampleEnv) ?? [];
  const names = [...section.matchAll(/^(\w+)=$/gm)].map(([, name]) => name as string);
  return Object.fromEntries(names.map((name) => [name, '0123456789abcdef'.repeat(4)]));
}
