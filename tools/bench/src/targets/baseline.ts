import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { PlatformDescription } from '@xerotier/dev';
import { forkEntry } from '../child.ts';
import { TargetUnavailable } from './target.ts';
import type { Target } from './target.ts';
import { SLOTS, accessOf, attachPlatform } from './xerotier.ts';

const entry = new URL('../baseline-process.ts', import.meta.url);

/** Mostly the first build of a checkout. */
const startTimeoutMs = 300_000;
/** A platform stops its servers one after the other. */
const stopTimeoutMs = 30_000;

/** The platform of another checkout of this project under the same load, to measure the cost of a change. */
export const baseline: Target = {
  name: 'baseline',
  async start({ pinning, baselinePath, print }) {
    const checkout = resolve(baselinePath ?? '');
    if (!existsSync(`${checkout}/node_modules`))
      throw new TargetUnavailable(
        `${checkout} is not a checkout with installed dependencies; create one with: git worktree add ${checkout} <commit> && npm ci --prefix ${checkout}`,
      );
    print(`building and starting the baseline in ${checkout}`);
    const child = await forkEntry<PlatformDescription>(entry, [checkout, String(SLOTS)], {
      startTimeoutMs,
      stopTimeoutMs,
    });
    const target = attachPlatform(accessOf(child.first), pinning);
    return { ...target, stop: () => target.stop().then(() => child.stop()) };
  },
};
