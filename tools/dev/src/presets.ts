/** Common platforms. */
import { removeDataDir } from '@xerotier/local-servers';
import { bundledModels } from '@xerotier/bundled-models';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SERVER_NAMES } from './data-servers.ts';
import { startPlatform } from './platform.ts';
import type { Platform, PlatformOptions } from './platform.ts';
import { stateDirAt } from './project-paths.ts';
import type { StateDir } from './project-paths.ts';

const OWNER = 'Xerotier.ai';
const SLOTS = 4;

export type PlatformParts = Pick<PlatformOptions, 'models' | 'endpoints' | 'workers'>;

/**
 * The bundled models, each on a CPU worker behind an endpoint: `chat`, and `embed` for vectors. `npm start` runs this.
 */
export function bundledPlatform(): PlatformParts {
  const { id, path, contextTokens } = bundledModels.chat;
  return together(llamaPlatform(id, path, contextTokens), bundledEmbeddings());
}

/** One small CPU worker with the bundled embedding model, behind the endpoint `embed`. */
export function bundledEmbeddings(): PlatformParts {
  const { id, path, contextTokens } = bundledModels.embed;
  const env = { XIM_ENGINE: 'llama', XIM_MODEL_PATH: path, XIM_SLOTS: '2', XIM_THREADS: '1' };
  return {
    models: [{ id, name: id, ownedBy: OWNER, contextTokens }],
    endpoints: [{ slug: 'embed', modelId: id, tier: 'self_hosted', task: 'embed' }],
    workers: [{ modelId: id, env }],
  };
}

/** Combines platforms; the endpoint of the first one is printed. */
export function together(...parts: readonly PlatformParts[]): PlatformParts {
  return {
    models: parts.flatMap(({ models }) => models),
    endpoints: parts.flatMap(({ endpoints }) => endpoints),
    workers: parts.flatMap(({ workers }) => workers),
  };
}

/** One CPU worker with the model of a file, behind one endpoint. */
export function llamaPlatform(modelId: string, modelPath: string, contextTokens: number): PlatformParts {
  return {
    models: [{ id: modelId, name: modelId, ownedBy: OWNER, contextTokens }],
    endpoints: [{ slug: 'chat', modelId, tier: 'self_hosted' }],
    workers: [{ modelId, env: { XIM_ENGINE: 'llama', XIM_MODEL_PATH: modelPath, XIM_SLOTS: String(SLOTS) } }],
  };
}

/** Workers with scripted completions, for benchmarks and tests of everything around an engine. */
export function scriptedPlatform(options: { workers?: number; slots?: number } = {}): PlatformParts {
  const { workers = 1, slots = 8 } = options;
  return {
    models: [{ id: 'scripted', name: 'scripted', ownedBy: OWNER, contextTokens: 1_000_000 }],
    endpoints: [{ slug: 'chat', modelId: 'scripted', tier: 'self_hosted' }],
    workers: Array.from({ length: workers }, () => ({
      modelId: 'scripted',
      env: { XIM_ENGINE: 'scripted', XIM_SLOTS: String(slots) },
    })),
  };
}

/** Starts a platform in a temporary folder that is removed when it stops. */
export async function startTemporaryPlatform(options: Omit<PlatformOptions, 'state'>): Promise<Platform> {
  const folder = await mkdtemp(join(tmpdir(), 'xerotier-'));
  const state = stateDirAt(folder);
  const platform = await startPlatform({ ...options, state }).catch(async (error: unknown) => {
    await removeState(state);
    throw error;
  });
  const stop = async (): Promise<void> => {
    await platform.stop();
    await removeState(state);
  };
  return Object.create(platform, { stop: { value: stop } }) as Platform;
}

/**
 * Removes everything of a stopped platform, including data stored elsewhere so that another user can read it. Files
 * that it did not create are kept, with their folder: a home folder may have been specified by mistake. Returns the
 * names of those.
 */
export async function removeState(state: StateDir): Promise<string[]> {
  for (const name of SERVER_NAMES) await removeDataDir(join(state.servers, name)).catch(() => undefined);
  const { root: _, ...paths } = state;
  for (const path of Object.values(paths)) await rm(path, { recursive: true, force: true });
  const left = await readdir(state.root).catch(() => []);
  // Temporary files of a process that was killed while writing.
  const unfinished = left.filter((name) => /^(dev|credentials|supervisor)\.json\./.test(name));
  for (const name of unfinished) await rm(join(state.root, name), { force: true });
  if (left.length === unfinished.length) await rm(state.root, { recursive: true, force: true });
  return left.filter((name) => !unfinished.includes(name));
}
