/** The files of a deployment with Compose, read together: what each container runs, in which image, with which settings. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { readComposeFile } from './compose-file.ts';
import type { ComposeFile, ComposeService } from './compose-file.ts';
import { ignoredBy } from './docker-ignore.ts';
import { parseDockerfile } from './dockerfile.ts';
import type { Dockerfile } from './dockerfile.ts';
import { imageOf } from './image.ts';
import type { Image } from './image.ts';
import { loadProgram, programPathOf } from './programs.ts';
import type { Program } from './programs.ts';

export const composePath = 'docker-compose.yml';
export const dockerfilePath = 'deploy/Dockerfile';
export const exampleEnvPath = 'deploy/compose.env.example';

/** The texts of the files, so that a test can change one. */
export interface DeploymentTexts {
  readonly compose: string;
  readonly dockerfile: string;
  readonly dockerignore: string;
  readonly exampleEnv: string;
}

export interface Container {
  readonly service: ComposeService;
  /** When it is built here. */
  readonly image: Image | undefined;
  readonly program: Program | undefined;
  /** Entry point and arguments; of a foreign image only what the Compose file says. */
  readonly command: readonly string[];
  /** Of the image, overruled by the Compose file. */
  readonly environment: Readonly<Record<string, string>>;
  readonly healthcheck: readonly string[] | undefined;
}

export interface Deployment {
  readonly root: string;
  readonly compose: ComposeFile;
  readonly dockerfile: Dockerfile;
  readonly isIgnored: (path: string) => boolean;
  /** The example with a value for each secret: what a .env looks like. */
  readonly env: Readonly<Record<string, string>>;
  readonly exampleEnv: Readonly<Record<string, string>>;
  readonly containers: readonly Container[];
  /** What kept a part from being read. */
  readonly problems: readonly string[];
}

export function readDeploymentTexts(root: string): DeploymentTexts {
  const read = (path: string): string => readFileSync(join(root, path), 'utf8');
  return {
    compose: read(composePath),
    dockerfile: read(dockerfilePath),
    dockerignore: read('.dockerignore'),
    exampleEnv: read(exampleEnvPath),
  };
}

/** @throws {Error} when a file cannot be parsed at all. */
export async function loadDeployment(root: string, texts: DeploymentTexts): Promise<Deployment> {
  const exampleEnv = parseEnv(texts.exampleEnv) as Record<string, string>;
  const env = { ...exampleEnv, ...filledIn(exampleEnv) };
  const compose = readComposeFile(texts.compose, env);
  const dockerfile = parseDockerfile(texts.dockerfile);
  const problems: string[] = [...compose.problems];
  const containers: Container[] = [];
  for (const service of compose.services) {
    const image = service.build?.target === undefined ? undefined : imageOf(dockerfile, service.build.target);
    const command = commandOf(service, image);
    containers.push({
      service,
      image,
      program: image === undefined ? undefined : await programOf(root, service.name, command, problems),
      command,
      environment: { ...image?.env, ...service.environment },
      healthcheck: service.healthcheck ?? image?.healthcheck,
    });
  }
  return { root, compose, dockerfile, isIgnored: ignoredBy(texts.dockerignore), env, exampleEnv, containers, problems };
}

/** Docker drops the command of the image when the Compose file names another entry point. */
function commandOf({ entrypoint, command }: ComposeService, image: Image | undefined): string[] {
  const args = command ?? (entrypoint === undefined ? image?.cmd : undefined) ?? [];
  return [...(entrypoint ?? image?.entrypoint ?? []), ...args];
}

async function programOf(
  root: string,
  service: string,
  command: readonly string[],
  problems: string[],
): Promise<Program | undefined> {
  const path = programPathOf(command);
  if (path === undefined) {
    problems.push(
      `service ${service} runs '${command.join(' ')}': let it run apps/<service>/dist/main.js, or a script in deploy/`,
    );
    return undefined;
  }
  const source = sourceOf(path);
  if (!existsSync(join(root, source))) {
    problems.push(`service ${service} runs ${path}, but there is no ${source}`);
    return undefined;
  }
  try {
    return await loadProgram(root, path);
  } catch (error) {
    problems.push(`service ${service}: ${(error as Error).message}`);
    return undefined;
  }
}

/** What a built file is made from. */
export function sourceOf(path: string): string {
  return path.replace(/\/dist\/(.*)\.js$/, '/src/$1.ts').replace(/\/dist$/, '/src');
}

/** An empty secret is one that everybody makes for themselves. */
function filledIn(example: Readonly<Record<string, string>>): Record<string, string> {
  const secrets = Object.keys(example).filter(
    (name) => example[name] === '' && /(?:PEPPER|PASSWORD|MASTER_KEY)$/.test(name),
  );
  return Object.fromEntries(secrets.map((name) => [name, '0123456789abcdef'.repeat(4)]));
}
