import { readFileSync } from 'node:fs';
import { buildAll, scriptedPlatform, startTemporaryPlatform } from '@xerotier/dev';
import type { Platform, PlatformDescription } from '@xerotier/dev';
import type { Pinning } from '../pinning.ts';
import { TargetUnavailable } from './target.ts';
import type { RunningTarget, Target, TargetProcess } from './target.ts';

/** A running platform, as far as a benchmark needs to know it. */
export interface PlatformAccess {
  baseUrl: string;
  apiKey: string;
  projectId: string;
  endpointSlug: string;
  model: string;
  /** Every process of the platform; those whose name begins with `gateway` are the system under test. */
  processes: TargetProcess[];
}

/**
 * This platform with everything on. Its worker must run the `scripted` engine: the same replies that the bare engine
 * gives, so that the difference is the platform. Takes a running platform, or else starts a private one.
 */
export const xerotier: Target = {
  name: 'xerotier',
  async start({ pinning, platformPath, say }) {
    if (platformPath !== undefined) return attachPlatform(accessOf(readDescription(platformPath)), pinning);
    say('building and starting the platform');
    await buildAll();
    const platform = await startPlatform();
    const target = attachPlatform(accessOf(platform.description), pinning);
    return { ...target, stop: () => target.stop().then(() => platform.stop()) };
  },
};

/** Takes a running platform as a target: pins its processes until the target is stopped, and stops none of them. */
export function attachPlatform(access: PlatformAccess, pinning: Pinning): RunningTarget {
  const url = new URL(access.baseUrl);
  const system = access.processes.filter(({ name }) => name.startsWith('gateway'));
  if (system.length === 0) throw new TargetUnavailable('The description of the platform names no gateway process.');
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

/** What a benchmark needs to know of the platform that is described. */
export function accessOf({ services, ...access }: PlatformDescription): PlatformAccess {
  // Our own services are the ones that have a health address; the rest are NATS, Redis and PostgreSQL.
  const processes = Object.entries(services).flatMap(([name, { pid, healthUrl }]) =>
    pid === null ? [] : [{ name, pid, isNode: healthUrl !== undefined }],
  );
  return { ...access, processes };
}

function readDescription(path: string): PlatformDescription {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as PlatformDescription;
  } catch (cause) {
    throw new TargetUnavailable(`There is no description of a platform in ${path}; start one with: npm start`, {
      cause,
    });
  }
}

/** Slots of the worker: more than the most streams at once, so that the engine is never what is waited for. */
export const SLOTS = 1_200;

/** Everything on, as users run it; only the engine is scripted. */
function startPlatform(): Promise<Platform> {
  return startTemporaryPlatform({ ...scriptedPlatform({ slots: SLOTS }), restart: false });
}
