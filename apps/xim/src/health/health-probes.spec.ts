import { emptyUsage } from '@xerotier/contracts/inference';
import type { ChatEngine, Engine } from '../engines/engine.ts';
import { EngineMisconfiguredError } from '../engines/engine.ts';
import { healthProbes } from './health-probes.ts';

const NEVER = new AbortController().signal;

/** An engine that supports these kinds of work and records the calls. */
function anEngine(
  kinds: readonly ('generate' | 'embed' | 'rank' | 'media')[],
  overrides: Partial<ChatEngine> = {},
): Engine & { calls: string[] } {
  const calls: string[] = [];
  const doing = (kind: string) =>
    async function* (): AsyncGenerator<never, ReturnType<typeof emptyUsage>> {
      calls.push(kind);
      return emptyUsage();
    };
  const engine: Engine = {
    name: 'openai',
    slots: 1,
    contextTokens: 100,
    fingerprint: undefined,
    close: () => Promise.resolve(),
    ...Object.fromEntries(kinds.map((kind) => [kind, doing(kind)])),
    ...overrides,
  };
  return Object.assign(engine, { calls });
}

const failing = async function* (): AsyncGenerator<never, never> {
  throw new Error('no memory');
};

describe('probe', () => {
  it.each([
    [['generate'], ['generate']],
    [['generate', 'embed'], ['embed']],
    [['embed'], ['embed']],
    [['rank'], ['rank']],
    [['embed', 'rank'], ['rank']],
  ] as const)('runs the smallest work of an engine that supports %j', async (kinds, calls) => {
    const engine = anEngine(kinds);
    await healthProbes(engine).probe(NEVER);
    expect(engine.calls).toEqual(calls);
  });

  it('only checks that the server is reachable for a media engine', async () => {
    let checks = 0;
    const check = async (): Promise<void> => void (checks += 1);
    const engine = anEngine(['media'], { check });
    await healthProbes(engine).probe(NEVER);
    expect(engine.calls).toEqual([]);
    expect(checks).toBe(1);
  });

  it('rejects with the error of the work', async () => {
    await expect(healthProbes(anEngine([], { generate: failing })).probe(NEVER)).rejects.toThrow('no memory');
  });
});

describe('check', () => {
  it('calls the server without computing anything', async () => {
    const engine = anEngine(['generate'], { check: () => Promise.reject(new Error('not there')) });
    await expect(healthProbes(engine).check(NEVER)).rejects.toThrow('not there');
    expect(engine.calls).toEqual([]);
  });

  it('runs the work of an in-process engine, and rejects with EngineMisconfiguredError when it fails', async () => {
    const engine = anEngine(['generate']);
    await healthProbes(engine).check(NEVER);
    expect(engine.calls).toEqual(['generate']);
    await expect(healthProbes(anEngine([], { generate: failing })).check(NEVER)).rejects.toBeInstanceOf(
      EngineMisconfiguredError,
    );
  });
});
