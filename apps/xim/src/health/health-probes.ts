/** The health probes of an engine: the smallest work that it supports. */
import { EngineMisconfiguredError } from '../engines/engine.ts';
import { supports } from '../engines/engine-tasks.ts';
import type { Engine } from '../engines/engine.ts';
import type { EngineProbes } from './engine-health.ts';

const TEXT = 'ping';

export function healthProbes(engine: Engine): EngineProbes {
  const probe = (signal: AbortSignal): Promise<void> => smallestWork(engine, signal) ?? checkOf(engine, signal);
  return { check: (signal) => checkOf(engine, signal), probe };
}

/** An in-process engine is available if it can compute, and misconfigured otherwise. */
async function checkOf(engine: Engine, signal: AbortSignal): Promise<void> {
  if (engine.check !== undefined) return engine.check(signal);
  await smallestWork(engine, signal)?.catch((error: unknown) => {
    throw new EngineMisconfiguredError('The engine cannot run its model.', { cause: error });
  });
}

/** Undefined for media engines: generating audio or images is too expensive for a probe. */
function smallestWork(engine: Engine, signal: AbortSignal): Promise<void> | undefined {
  if (supports(engine, 'score')) return exhaust(engine.rank({ queries: [TEXT], documents: [TEXT] }, signal));
  if (supports(engine, 'embed')) return exhaust(engine.embed({ inputs: [TEXT], paramOf: () => 'input' }, signal));
  if (!supports(engine, 'generate')) return undefined;
  const request = { model: 'any', messages: [{ role: 'user' as const, content: TEXT }], max_tokens: 1 };
  return exhaust(engine.generate({ request, choiceIndex: 0, cacheSalt: 'health' }, signal));
}

async function exhaust(events: AsyncGenerator<unknown, unknown>): Promise<void> {
  for await (const _event of events);
}
