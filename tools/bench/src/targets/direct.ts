import { forkEntry } from '../child.ts';
import type { Target } from './target.ts';

export const engineEntry = new URL('../engine-process.ts', import.meta.url);
export const chatPath = '/v1/chat/completions';

/** The bare engine: the ceiling, and the reference for added latency. */
export const direct: Target = {
  name: 'direct',
  async start({ pinning }) {
    const engine = await forkEntry<{ port: number }>(engineEntry);
    pinning.pin(engine.pid, 'system');
    return {
      load: { host: '127.0.0.1', port: engine.first.port, path: chatPath, headers: {}, model: 'scripted' },
      system: [{ name: 'engine', pid: engine.pid, isNode: true }],
      helpers: [],
      versions: { node: process.versions.node },
      stop: () => engine.stop(),
    };
  },
};
