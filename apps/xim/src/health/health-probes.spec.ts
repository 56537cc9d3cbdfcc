import { emptyUsage } from '@xerotier/contracts/inference';
import type { ChatEngine, Engine } from '../engines/engine.ts';
import { EngineMisconfiguredError } from '../engines/engine.ts';
import { healthProbes } from './health-probes.ts';

const NEVER = new AbortController().signal;

/** An engine that can do these kinds of work, and notes what it was asked. */
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

const fails = async function* (): AsyncGenerator<never, never> {
  throw new Error('no memory');
};

describe('a health probe', () => {
  it.each([
    [['generate'], ['generate']],
    [['generate', 'embed'], ['embed']],
    [['embed'], ['embed']],
    [['rank'], ['rank']],
    [['embed', 'rank'], ['rank']],
  ] as const)('of an engine that can %j is the smallest work of its kind', async (kinds, calls) => {
    const engine = anEngine(kinds);
    await healthProbes(engine).probe(NEVER);
    expect(engine.calls).toEqual(calls);
  });

  it('makes no sounds and images: it asks only whether the server is there', async () => {
    let checks = 0;
    const check = async (): Promise<void> => void (checks += 1);
    const engine = anEngine(['media'], { check });
    await healthProbes(engine).probe(NEVER);
    expect(engine.calls).toEqual([]);
    expect(checks).toBe(1);
  });

  it('fails as the work does', async () => {
    await expect(healthProbes(anEngine([], { generate: fails })).probe(NEVER)).rejects.toThrow('no memory');
  });
});

describe('a check', () => {
  it('asks the server, and has nothing computed', async () => {
    const engine = anEngine(['generate'], { check: () => Promise.reject(new Error('not there')) });
    await expect(healthProbes(engine).check(NEVER)).rejects.toThrow('not there');
    expect(engine.calls).toEqual([]);
  });

  it('of an engine in this process is its work, and final when that fails', async () => {
    const engine = anEngine(['generate']);
    await healthProbes(engine).check(NEVER);
    expect(engine.calls).toEqual(['generate']);
    await expect(healthProbes(anEngine([], { generate: fails })).check(NEVER)).rejects.toBeInstanceOf(
      EngineMisconfiguredError,
    );
  });
});
