/** The platforms that are commonly wanted. */
import { removeDataDir } from '@xerotier/local-servers';
import { boxModels } from '@xerotier/box-model';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPlatform } from './platform.ts';
import type { Platform, PlatformOptions } from './platform.ts';
import { stateDirAt } from './project-paths.ts';
import type { StateDir } from './project-paths.ts';

const OWNER = 'Xerotier.ai';
const SLOTS = 4;

export type PlatformParts = Pick<PlatformOptions, 'models' | 'endpoints' | 'workers'>;

/** One CPU worker with the small model in the box, behind one endpoint: what `npm start` runs. */
export function boxPlatform(): PlatformParts {
  const { id, path, contextTokens } = boxModels.chat;
  return llamaPlatform(id, path, contextTokens);
}

/** One CPU worker with the model of a file, behind one endpoint. */
export function llamaPlatform(modelId: string, modelPath: string, contextTokens: number): PlatformParts {
  return {
    models: [{ id: modelId, name: modelId, ownedBy: OWNER, contextTokens }],
    endpoints: [{ slug: 'chat', modelId, tier: 'self_hosted' }],
    workers: [{ modelId, env: { XIM_ENGINE: 'llama', XIM_MODEL_PATH: modelPath, XIM_SLOTS: String(SLOTS) } }],
  };
}

/** Workers with scripted answers, for benchmarks and tests of everything around an engine. */
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

/** A platform in a folder of its own that is removed when it stops. */
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

/** Removes everything of a stopped platform, also what lies elsewhere because another user must read it. */
export async function removeState(state: StateDir): Promise<void> {
  for (const name of ['nats', 'redis', 'postgres'])
    await removeDataDir(join(state.servers, name)).catch(() => undefined);
  await rm(state.root, { recursive: true, force: true });
}
