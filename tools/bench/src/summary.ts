import type { BenchPlan, Phase } from './bench-plan.ts';
import type { RequestsResult, StreamsResult } from './load-spec.ts';
import type { Measurement } from './measurement.ts';
import { spread } from './statistics.ts';
import type { Spread } from './statistics.ts';
import type { TargetName } from './targets/target.ts';

/** One row of the table: a measure, and the value of each target over all rounds. */
export interface SummaryRow {
  label: string;
  decimals: number;
  cells: Partial<Record<TargetName, Spread>>;
}

/**
 * Extracts a number from a measurement, or undefined when it has none; `direct` is the bare engine in the same round.
 */
type Reading = (measurement: Measurement, direct: Measurement | undefined) => number | undefined;

const megabyte = 1_000_000;
/** One connection, as the phases of responses. */
export const CHAT_PHASE = 'requests-1';

/** All measurements of a run, with aggregations. */
export class Summary {
  readonly measurements: readonly Measurement[];

  constructor(measurements: readonly Measurement[]) {
    this.measurements = measurements;
  }

  get targets(): TargetName[] {
    return [...new Set(this.measurements.map(({ target }) => target))];
  }

  /** Returns the values of a target in one phase over all rounds. */
  reading(target: TargetName, phase: string, read: Reading): Spread | undefined {
    return spread(this.#perRound(target, phase, read).filter((value) => value !== undefined));
  }

  /** Returns the ratio of two targets, computed round by round, so that a slow round affects both. */
  ratio(target: TargetName, base: TargetName, phase: string, read: Reading): Spread | undefined {
    const bases = this.#perRound(base, phase, read);
    const ratios = this.#perRound(target, phase, read).map((value, round) => {
      const divisor = bases[round];
      return value === undefined || divisor === undefined || divisor === 0 ? undefined : value / divisor;
    });
    return spread(ratios.filter((ratio) => ratio !== undefined));
  }

  rows(plan: BenchPlan): SummaryRow[] {
    return plan.phases.flatMap((phase) =>
      phase.kind === 'requests' ? this.#requestRows(phase) : this.#streamRows(phase),
    );
  }

  #perRound(target: TargetName, phase: string, read: Reading): (number | undefined)[] {
    const values: (number | undefined)[] = [];
    for (const measurement of this.measurements) {
      if (measurement.target !== target || measurement.phase !== phase) continue;
      const value = read(measurement, this.#find(measurement.round, 'direct', phase));
      values[measurement.round] = value === undefined || Number.isNaN(value) ? undefined : value;
    }
    return Array.from(values);
  }

  #find(round: number, target: TargetName, phase: string): Measurement | undefined {
    return this.measurements.find((m) => m.round === round && m.target === target && m.phase === phase);
  }

  #row(phase: Phase, label: string, decimals: number, read: Reading): SummaryRow {
    const cells: SummaryRow['cells'] = {};
    for (const target of this.targets) {
      const value = this.reading(target, phase.name, read);
      if (value !== undefined) cells[target] = value;
    }
    return { label, decimals, cells };
  }

  /** Returns the time that a phase adds to another one of the same target in the same round. */
  addedTo(base: string): Reading {
    return ({ round, target, result }) => {
      const other = this.#find(round, target, base)?.result;
      return result.kind === 'requests' && other?.kind === 'requests' ? result.p50Ms - other.p50Ms : undefined;
    };
  }

  #responseRows(phase: Phase & { kind: 'requests' }): SummaryRow[] {
    const what = phase.responses?.store === true ? 'a stored response' : 'a response that is not stored';
    return [
      this.#row(
        phase,
        `p50 ms of ${what}, 1 connection`,
        3,
        requestReading(({ p50Ms }) => p50Ms),
      ),
      this.#row(phase, `Added p50 ms of ${what} over a chat completion`, 3, this.addedTo(CHAT_PHASE)),
      this.#row(phase, `CPU µs of ${what}`, 1, cpuPerRequest),
      this.#row(phase, `Failed requests, ${what}`, 0, ({ result }) => result.failed),
    ];
  }

  #requestRows(phase: Phase & { kind: 'requests' }): SummaryRow[] {
    if (phase.responses !== undefined) return this.#responseRows(phase);
    const at = `${phase.connections} connection${phase.connections === 1 ? '' : 's'}`;
    return [
      this.#row(phase, `Requests/s, ${at}`, 0, requestsPerSecond),
      this.#row(
        phase,
        `p50 ms, ${at}`,
        3,
        requestReading(({ p50Ms }) => p50Ms),
      ),
      this.#row(
        phase,
        `p99 ms, ${at}`,
        3,
        requestReading(({ p99Ms }) => p99Ms),
      ),
      this.#row(phase, `Added p50 ms, ${at}`, 3, addedP50Ms),
      this.#row(
        phase,
        `Added p99 ms, ${at}`,
        3,
        addedMs((result) => result.p99Ms),
      ),
      this.#row(phase, `CPU µs per request, ${at}`, 1, cpuPerRequest),
      this.#row(phase, `Failed requests, ${at}`, 0, ({ result }) => result.failed),
    ];
  }

  #streamRows(phase: Phase & { kind: 'streams' }): SummaryRow[] {
    const at = `${phase.concurrency} streams`;
    const others = new Set(
      this.measurements
        .filter((measurement) => measurement.phase === phase.name)
        .flatMap(({ cpuMs, system }) => Object.keys(cpuMs).filter((name) => !system.includes(name))),
    );
    return [
      this.#row(
        phase,
        `First token p50 ms, ${at}`,
        2,
        streamReading((result) => result.firstTokenP50Ms),
      ),
      this.#row(
        phase,
        `First token p99 ms, ${at}`,
        2,
        streamReading((result) => result.firstTokenP99Ms),
      ),
      this.#row(
        phase,
        `Whole stream p50 ms, ${at}`,
        0,
        streamReading((result) => result.totalP50Ms),
      ),
      this.#row(
        phase,
        `Whole stream p99 ms, ${at}`,
        0,
        streamReading((result) => result.totalP99Ms),
      ),
      this.#row(phase, `CPU s per million tokens, ${at}: system under test`, 1, cpuPerMillionTokens),
      ...[...others].map((name) =>
        this.#row(phase, `CPU s per million tokens, ${at}: ${name}`, 1, ({ cpuMs, system, result }) =>
          system.includes(name) ? undefined : perMillionTokens(cpuMs[name], result),
        ),
      ),
      this.#row(phase, `Peak memory MB of the system, ${at}`, 0, peakMemoryMb),
      this.#row(phase, `Failed streams, ${at}`, 0, ({ result }) => result.failed),
      this.#row(phase, `Lost tokens, ${at}`, 0, lostTokens),
    ];
  }
}

export const requestsPerSecond = requestReading((result) => result.requestsPerSecond);
export const addedP50Ms = addedMs((result) => result.p50Ms);
export const lostTokens = streamReading((result) => result.lostTokens);
export const peakConcurrency = streamReading((result) => result.peakConcurrency);
export const failures: Reading = ({ result }) => result.failed;
export const peakMemoryMb: Reading = ({ systemPeakBytes }) =>
  systemPeakBytes === undefined ? undefined : systemPeakBytes / megabyte;

/** CPU seconds of the system under test per million streamed tokens. */
export const cpuPerMillionTokens: Reading = ({ systemCpuMs, result }) => perMillionTokens(systemCpuMs, result);

/** CPU microseconds of the system under test per request. */
export const cpuPerRequest: Reading = ({ systemCpuMs, result }) =>
  systemCpuMs === undefined || result.kind !== 'requests' || result.requests === 0
    ? undefined
    : (systemCpuMs * 1_000) / result.requests;

function perMillionTokens(cpuMs: number | undefined, result: Measurement['result']): number | undefined {
  if (cpuMs === undefined || result.kind !== 'streams' || result.tokens === 0) return undefined;
  return (cpuMs * 1_000) / result.tokens;
}

function requestReading(read: (result: RequestsResult) => number): Reading {
  return ({ result }) => (result.kind === 'requests' ? read(result) : undefined);
}

function streamReading(read: (result: StreamsResult) => number): Reading {
  return ({ result }) => (result.kind === 'streams' ? read(result) : undefined);
}

/** The time that a target adds to the bare engine's in the same round; undefined for the engine itself. */
function addedMs(read: (result: RequestsResult) => number): Reading {
  return ({ target, result }, direct) =>
    target === 'direct' || result.kind !== 'requests' || direct?.result.kind !== 'requests'
      ? undefined
      : read(result) - read(direct.result);
}
