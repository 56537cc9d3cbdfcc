/** Seeds the first team, project, endpoints, keys and models, through the services' own commands. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { compileCache, projectRoot } from './project-paths.ts';

export interface ModelSeed {
  readonly id: string;
  readonly name: string;
  readonly ownedBy: string;
  /** Absent: the router takes it from a worker that reports it. */
  readonly contextTokens?: number;
}

export interface EndpointSeed {
  readonly slug: string;
  readonly modelId: string;
  readonly tier: string;
  /** Default `generate`. */
  readonly task?: 'generate' | 'embed' | 'score' | 'transcribe' | 'speak' | 'image';
}

export interface KeySeed {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly value: string;
}

export interface ProjectSeed {
  readonly team: { readonly name: string };
  readonly project: { readonly name: string; readonly slug: string };
  readonly endpoints: readonly EndpointSeed[];
  readonly keys: readonly KeySeed[];
  /** Whether to issue a token that makes somebody the first admin and an owner of the project. */
  readonly bootstrap?: boolean;
}

export interface SeededProject {
  /** Its public id. */
  readonly projectId: string;
  /** Null if there is an admin already. */
  readonly bootstrapToken?: string | null;
}

/** Keys of these names were revoked or rotated, or have expired; nothing was changed. */
export class EndedKeysError extends Error {
  readonly names: readonly string[];

  constructor(names: readonly string[]) {
    super(`The keys ${names.join(', ')} are no longer valid.`);
    this.names = names;
  }
}

/** Idempotent, except for the token. @throws {EndedKeysError} */
export async function seedProject(seed: ProjectSeed, env: Readonly<Record<string, string>>): Promise<SeededProject> {
  return JSON.parse(await runSeed('auth', seed, env)) as SeededProject;
}

export async function seedModels(models: readonly ModelSeed[], env: Readonly<Record<string, string>>): Promise<void> {
  await runSeed('router', { models }, env);
}

/** The document is passed on standard input: arguments and variables of a process are visible to others. */
function runSeed(app: 'auth' | 'router', document: unknown, env: Readonly<Record<string, string>>): Promise<string> {
  const child = spawn(process.execPath, [join(projectRoot, 'apps', app, 'dist', 'main.js'), 'seed'], {
    cwd: projectRoot,
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: compileCache, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const out: Buffer[] = [];
  const log: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => log.push(chunk));
  child.stdin.end(JSON.stringify(document));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      const text = Buffer.concat(out).toString();
      if (code === 0) resolve(text);
      else if (text.includes('"endedKeys"'))
        reject(new EndedKeysError((JSON.parse(text) as { endedKeys: string[] }).endedKeys));
      else reject(new Error(`Seeding ${app} failed (code ${code}):\n${text}${Buffer.concat(log).toString()}`));
    });
  });
}
