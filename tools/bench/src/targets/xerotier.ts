import { readFileSync } from 'node:fs';
import { buildAll, scriptedPlatform, startTemporaryPlatform } from '@xerotier/dev';
import type { Platform, PlatformDescription } from '@xerotier/dev';
import type { Pinning } from '../pinning.ts';
import { TargetUnavailable } from './target.ts';
import type { RunningTarget, Target, TargetProcess } from './target.ts';

/** A running platform, as a benchmark sees it. */
export interface PlatformAccess {
  baseUrl: string;
  apiKey: string;
  projectId: string;
  endpointSlug: string;
  model: string;
  /** All processes of the platform; those whose name begins with `gateway` are the system under test. */
  processes: TargetProcess[];
}

/**
 * The complete platform. Its worker must run the `scripted` engine, which returns the same completions as the bare
 * engine, so that the difference is the platform. Uses a running platform, or starts a temporary one.
 */
export const xerotier: Target = {
  name: 'xerotier',
  async start({ pinning, platformPath, print }) {
    if (platformPath !== undefined) return attachPlatform(accessOf(readDescription(platformPath)), pinning);
    print('building and starting the platform');
    await buildAll();
    const platform = await startPlatform();
    const target = attachPlatform(accessOf(platform.description), pinning);
    return { ...target, stop: () => target.stop().then(() => platform.stop()) };
  },
};

/** Uses a running platform as a target: pins its processes until the target is stopped, and stops none of them. */
export function attachPlatform(access: PlatformAccess, pinning: Pinning): RunningTarget {
  const url = new URL(access.baseUrl);
  const system = access.processes.filter(({ name }) => name.startsWith('gateway'));
  if (system.length === 0) throw new TargetUnavailable('The description of the platform contains no gateway process.');
  const helpers = access.processes.filter((process) => !system.includes(process));
  for (const { pid } of system) pinning.borrow(pid, 'system');
  for (const { pid } of helpers) pinning.borrow(pid, 'rest');
  const base = url.pathname.replace(/\/$/, '');
  return {
    load: {
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: Number(url.port || 80),
      path: `${base}/${access.projectId}/${access.endpointSlug}/v1/chat/completions`,
      headers: { authorization: `Bearer ${access.apiKey}` },
      model: access.model,
    },
    system,
    helpers,
    versions: {},
    stop: async () => pinning.restore(),
  };
}

/** Converts the description of a platform. */
export function accessOf({ services, ...access }: PlatformDescription): PlatformAccess {
  // Services of the platform have a health URL; the others are NATS, Redis and PostgreSQL.
  const processes = Object.entries(services).flatMap(([name, { pid, healthUrl }]) =>
    pid === null ? [] : [{ name, pid, isNode: healthUrl !== undefined }],
  );
  return { ...access, processes };
}

function readDescription(path: string): PlatformDescription {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as PlatformDescription;
  } catch (cause) {
    throw new TargetUnavailable(`${path} does not contain the description of a platform; start one with: npm start`, {
      cause,
    });
  }
}

/** Slots of the worker: more than the maximum number of streams, so that the engine is never the bottleneck. */
export const SLOTS = 1_200;

/** Starts the complete platform, as users run it, with a scripted engine. */
function startPlatform(): Promise<Platform> {
  return startTemporaryPlatform({ ...scriptedPlatform({ slots: SLOTS }), restart: false });
}
