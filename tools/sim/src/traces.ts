/** Loads that differ in what they demand of a scheduler. All are drawn from a seed. */
import { Random, zipfWeights } from './random.ts';
import { BLOCK_TOKENS } from './sim-request.ts';
import type { SimRequest } from './sim-request.ts';

export interface Trace {
  readonly name: string;
  readonly meaning: string;
  /** The requests that do not follow from others. Rates grow with the number of engines. */
  readonly arrivals: (engines: number, seconds: number, seed: number) => SimRequest[];
}

const CHAT_SLO = { firstTokenMs: 1_000, nextTokenMs: 50 };

/** Numbers of blocks that nobody else has. */
class Blocks {
  #next = 1;

  take(tokens: number): number[] {
    return Array.from({ length: Math.floor(tokens / BLOCK_TOKENS) }, () => this.#next++);
  }
}

interface Draft {
  readonly at: number;
  readonly shared?: readonly number[];
  /** Tokens after what is shared. */
  readonly own: number;
  readonly output: number;
  readonly projectId?: string;
  readonly priority?: 'interactive' | 'batch';
  readonly slo?: SimRequest['slo'];
  readonly then?: SimRequest['then'];
}

class Drafts {
  readonly #blocks = new Blocks();
  #id = 0;

  blocks(tokens: number): number[] {
    return this.#blocks.take(tokens);
  }

  request({
    at,
    shared = [],
    own,
    output,
    projectId = 'project',
    priority = 'interactive',
    slo = CHAT_SLO,
    then,
  }: Draft): SimRequest {
    const promptTokens = shared.length * BLOCK_TOKENS + own;
    const prefix = [...shared, ...this.#blocks.take(own)];
    const outputBlocks = this.#blocks.take(promptTokens + output - prefix.length * BLOCK_TOKENS);
    const base = { id: (this.#id += 1), arrivedAt: at, projectId, priority, slo, ...(then !== undefined && { then }) };
    return { ...base, prefix, promptTokens, outputTokens: Math.max(1, output), outputBlocks };
  }
}

function arrivals(random: Random, perSecond: number, seconds: number): number[] {
  const times: number[] = [];
  for (
    let at = random.exponential(1_000 / perSecond);
    at < seconds * 1_000;
    at += random.exponential(1_000 / perSecond)
  )
    times.push(at);
  return times;
}

const lengths = (random: Random, median: number, max: number): number =>
  Math.max(1, Math.min(max, Math.round(random.logNormal(median, 0.6))));

const sharedPrefix: Trace = {
  name: 'shared-prefix chat',
  meaning:
    'Many assistants, each with a prompt of 4,096 tokens that all its requests begin with: together they fit into the caches of the fleet, but not into that of one engine.',
  arrivals: (engines, seconds, seed) => {
    const [random, drafts] = [new Random(seed), new Drafts()];
    const prompts = Array.from({ length: 25 * engines }, () => drafts.blocks(4_096));
    const weights = zipfWeights(prompts.length, 0.6);
    return arrivals(random, 4 * engines, seconds).map((at) =>
      drafts.request({
        ...{ at, shared: prompts[random.zipf(weights)] },
        ...{ own: lengths(random, 100, 1_000), output: lengths(random, 100, 600) },
      }),
    );
  },
};

const agentLoops: Trace = {
  name: 'agent loops',
  meaning: 'Sessions of 5 to 25 turns that send their whole context again in each, with what tools have returned.',
  arrivals: (engines, seconds, seed) => {
    const [random, drafts] = [new Random(seed), new Drafts()];
    const prompts = Array.from({ length: 10 }, () => drafts.blocks(2_048));
    const turns =
      (left: number): SimRequest['then'] =>
      (before, endedAt) => {
        if (left === 0 || endedAt > seconds * 1_000) return undefined;
        const shared = [...before.prefix, ...before.outputBlocks];
        const at = endedAt + random.exponential(2_000);
        return drafts.request({
          ...{ at, shared, own: lengths(random, 500, 4_000), output: lengths(random, 80, 400) },
          ...{ slo: CHAT_SLO, then: turns(left - 1) },
        });
      };
    return arrivals(random, 0.35 * engines, seconds).map((at) =>
      drafts.request({
        ...{ at, shared: prompts[random.integer(prompts.length)], own: 300, output: 80 },
        ...{ then: turns(5 + random.integer(20)) },
      }),
    );
  },
};

const longDocuments: Trace = {
  name: 'long documents',
  meaning: 'Documents of 12,000 tokens (median), about which a few requests follow.',
  arrivals: (engines, seconds, seed) => {
    const [random, drafts] = [new Random(seed), new Drafts()];
    const slo = { firstTokenMs: 6_000, nextTokenMs: 100 };
    return arrivals(random, 0.12 * engines, seconds).map((at) => {
      const shared = drafts.blocks(lengths(random, 12_000, 48_000));
      const more =
        (left: number): SimRequest['then'] =>
        (_, endedAt) =>
          left === 0
            ? undefined
            : drafts.request({
                ...{ at: endedAt + random.exponential(5_000), shared, own: 60, output: lengths(random, 150, 600), slo },
                ...{ then: more(left - 1) },
              });
      return drafts.request({ at, shared, own: 60, output: 150, slo, then: more(random.integer(4)) });
    });
  },
};

const bursts: Trace = {
  name: 'bursts',
  meaning: 'Short prompts that have nothing in common, ten times as many in every fifth second.',
  arrivals: (engines, seconds, seed) => {
    const [random, drafts] = [new Random(seed), new Drafts()];
    return arrivals(random, 10 * engines, seconds)
      .filter((at) => Math.floor(at / 1_000) % 5 === 0 || random.next() < 0.1)
      .map((at) => drafts.request({ at, own: lengths(random, 500, 4_000), output: lengths(random, 120, 800) }));
  },
};

const skewedTenants: Trace = {
  name: 'skewed tenants',
  meaning: 'Twenty projects, of which one sends half of all requests.',
  arrivals: (engines, seconds, seed) => {
    const [random, drafts] = [new Random(seed), new Drafts()];
    const prompts = Array.from({ length: 20 }, () => drafts.blocks(1_024));
    return arrivals(random, 5 * engines, seconds).map((at) => {
      const project = random.next() < 0.5 ? 0 : random.integer(20);
      return drafts.request({
        ...{ at, shared: prompts[project], projectId: `project-${project}` },
        ...{ own: lengths(random, 400, 4_000), output: lengths(random, 150, 800) },
      });
    });
  },
};

const crowdedTenants: Trace = {
  name: 'crowded tenants',
  meaning:
    'More than the fleet can serve: ten projects, each of which sends more than its share, and one more than three times as much as the others.',
  arrivals: (engines, seconds, seed) => {
    const [random, drafts] = [new Random(seed), new Drafts()];
    return arrivals(random, 16 * engines, seconds).map((at) => {
      const project = random.next() < 0.2 ? 0 : random.integer(10);
      const fields = { own: lengths(random, 600, 4_000), output: lengths(random, 150, 800) };
      return drafts.request({ at, projectId: `project-${project}`, ...fields });
    });
  },
};

const batchAndChat: Trace = {
  name: 'batch and chat',
  meaning:
    'A batch of more lines than the fleet can serve, and chats beside it. Goodput and latencies are those of the chats.',
  arrivals: (engines, seconds, seed) => {
    const [random, drafts] = [new Random(seed), new Drafts()];
    const prompt = drafts.blocks(512);
    const chats = arrivals(random, 1.5 * engines, seconds).map((at) =>
      drafts.request({ at, own: lengths(random, 500, 4_000), output: lengths(random, 120, 600) }),
    );
    const slo = { firstTokenMs: Infinity, nextTokenMs: Infinity };
    const lines = Array.from({ length: 12 * engines * seconds }, () =>
      drafts.request({
        ...{ at: 0, shared: prompt, own: lengths(random, 600, 4_000), output: lengths(random, 120, 600) },
        ...{ projectId: 'batch', priority: 'batch' as const, slo },
      }),
    );
    return [...chats, ...lines];
  },
};

export const TRACES: readonly Trace[] = [
  sharedPrefix,
  agentLoops,
  longDocuments,
  bursts,
  skewedTenants,
  crowdedTenants,
  batchAndChat,
];
