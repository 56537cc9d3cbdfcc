import { judgeAims } from './aims.ts';
import { compareWithBaseline } from './baseline-comparison.ts';
import { streamPhase } from './bench-plan.ts';
import type { RequestsResult, StreamsResult } from './load-spec.ts';
import type { Measurement } from './measurement.ts';
import { Summary, addedP50Ms, requestsPerSecond } from './summary.ts';
import type { TargetName } from './targets/target.ts';

function measurement(
  target: TargetName,
  round: number,
  phase: string,
  result: RequestsResult | StreamsResult,
): Measurement {
  const systemCpuMs = target === 'nginx' ? 1_000 : 1_200;
  return {
    round,
    target,
    phase,
    result,
    cpuMs: {},
    system: [],
    systemCpuMs,
    foreignCpuMs: 0,
    systemPeakBytes: 100_000_000,
  };
}

function requests(target: TargetName, round: number, phase: string, perSecond: number, p50Ms = 1): Measurement {
  const result: RequestsResult = {
    kind: 'requests',
    requests: perSecond,
    failed: 0,
    durationMs: 1_000,
    requestsPerSecond: perSecond,
    p50Ms,
    p99Ms: 9,
    problems: [],
  };
  return measurement(target, round, phase, result);
}

function streams(target: TargetName, round: number, phase: string, changes: Partial<StreamsResult> = {}): Measurement {
  const times = { durationMs: 1, firstTokenP50Ms: 1, firstTokenP99Ms: 1, totalP50Ms: 1, totalP99Ms: 1 };
  const counts = { streams: 1_000, failed: 0, peakConcurrency: 1_000, frames: 131, tokens: 1_000_000, lostTokens: 0 };
  return measurement(target, round, phase, { kind: 'streams', ...counts, ...times, problems: [], ...changes });
}

/** Three rounds in which every aim is barely met. */
function goodRun(): Measurement[] {
  return [0, 1, 2].flatMap((round) => [
    requests('direct', round, 'requests-1', 100, 0.1),
    requests('xerotier', round, 'requests-1', 100, 1.6),
    requests('xerotier', round, 'responses-1', 100, 2.6),
    requests('xerotier', round, 'stored-responses-1', 100, 5.6),
    requests('nginx', round, 'requests-64', 10_000),
    requests('portkey', round, 'requests-64', 400),
    requests('xerotier', round, 'requests-64', 2_000),
    streams('nginx', round, 'streams-400'),
    streams('xerotier', round, 'streams-400'),
    streams('xerotier', round, 'streams-1000'),
  ]);
}

function verdicts(measurements: Measurement[]): string[] {
  return judgeAims(new Summary(measurements)).map(({ verdict }) => verdict);
}

describe('Summary', () => {
  it('computes ratios within a round', () => {
    const summary = new Summary([
      requests('nginx', 0, 'requests-64', 10_000),
      requests('xerotier', 0, 'requests-64', 5_000),
      requests('nginx', 1, 'requests-64', 1_000),
      requests('xerotier', 1, 'requests-64', 500),
    ]);
    expect(summary.ratio('xerotier', 'nginx', 'requests-64', requestsPerSecond)).toEqual({
      median: 0.5,
      min: 0.5,
      max: 0.5,
    });
  });

  it('computes what a phase adds to another one in the same round', () => {
    const summary = new Summary([
      requests('xerotier', 0, 'requests-1', 10, 1),
      requests('xerotier', 0, 'responses-1', 10, 3),
      requests('xerotier', 1, 'requests-1', 10, 5),
      requests('xerotier', 1, 'responses-1', 10, 6),
      requests('xerotier', 2, 'responses-1', 10, 100),
    ]);
    expect(summary.reading('xerotier', 'responses-1', summary.addedTo('requests-1'))?.max).toBe(2);
  });

  it('has no ratio for a round without the other target', () => {
    const summary = new Summary([requests('nginx', 0, 'requests-64', 10), requests('xerotier', 1, 'requests-64', 5)]);
    expect(summary.ratio('xerotier', 'nginx', 'requests-64', requestsPerSecond)).toBeUndefined();
  });

  it('computes the added time against the bare engine of the same round', () => {
    const own = requests('xerotier', 0, 'requests-1', 10, 3);
    expect(
      new Summary([requests('direct', 0, 'requests-1', 10, 1), own]).reading('xerotier', 'requests-1', addedP50Ms)
        ?.median,
    ).toBe(2);
    expect(new Summary([own]).reading('xerotier', 'requests-1', addedP50Ms)).toBeUndefined();
  });
});

describe('Summary.rows', () => {
  const plan = { rounds: 1, warmUp: [], phases: [streamPhase(400, 1_000)] };

  function engineRow(measurements: Measurement[]): unknown {
    return new Summary(measurements).rows(plan).find(({ label }) => label.endsWith(': engine'))?.cells;
  }

  it('list the time of helpers by name, and that of the system under test once', () => {
    const cpuMs = { engine: 500 };
    const behindNginx = { ...streams('nginx', 0, 'streams-400'), cpuMs };
    const itself = { ...streams('direct', 0, 'streams-400'), cpuMs, system: ['engine'] };
    expect(engineRow([behindNginx, itself])).toEqual({ nginx: { median: 0.5, min: 0.5, max: 0.5 } });
    expect(engineRow([itself])).toBeUndefined();
  });
});

describe('judgeAims', () => {
  it('passes a run in which every aim is met', () => {
    expect(verdicts(goodRun())).toEqual(Array(8).fill('pass'));
  });

  it('fails the aim of no lost frames for one failed stream in one round', () => {
    const run = [...goodRun(), streams('xerotier', 3, 'streams-1000', { failed: 1 })];
    expect(verdicts(run)[6]).toBe('miss');
  });

  it('fails the aim of no lost frames when not all streams were open at once', () => {
    const run = [...goodRun(), streams('xerotier', 3, 'streams-1000', { peakConcurrency: 999 })];
    expect(verdicts(run)[6]).toBe('miss');
  });

  it('fails each ratio when the platform is slower', () => {
    const slow = goodRun().map((m) =>
      m.target === 'xerotier' && m.phase === 'requests-64' ? requests('xerotier', m.round, m.phase, 1_999) : m,
    );
    expect(verdicts(slow).slice(0, 2)).toEqual(['miss', 'miss']);
  });

  it('fails the aims of responses that add too much', () => {
    const slow = goodRun().map((m) =>
      m.phase.endsWith('responses-1') ? requests('xerotier', m.round, m.phase, 100, 5.7) : m,
    );
    expect(verdicts(slow).slice(3, 5)).toEqual(['miss', 'miss']);
  });

  it('reports aims without measurements as not measured', () => {
    expect(verdicts([])).toEqual(Array(8).fill('not measured'));
  });
});

describe('compareWithBaseline', () => {
  it('computes ratios to the baseline, round by round', () => {
    const summary = new Summary([
      requests('baseline', 0, 'requests-64', 1_000),
      requests('xerotier', 0, 'requests-64', 900),
      requests('baseline', 1, 'requests-64', 500),
      requests('xerotier', 1, 'requests-64', 550),
    ]);
    expect(compareWithBaseline(summary)[0]).toEqual({
      measure: 'Requests/s, 64 at once',
      ratio: { median: 1, min: 0.9, max: 1.1 },
    });
  });

  it('is empty without a baseline', () => {
    expect(compareWithBaseline(new Summary(goodRun()))).toEqual([]);
  });
});
