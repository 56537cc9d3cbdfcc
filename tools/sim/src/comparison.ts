import { A100 } from './engine-model.ts';
import { measuresOf } from './measures.ts';
import type { Measures } from './measures.ts';
import { policiesOf } from './policies.ts';
import { simulate } from './simulation.ts';
import { TRACES } from './traces.ts';
import type { Trace } from './traces.ts';

export interface ComparisonOptions {
  readonly engines: number;
  readonly seconds: number;
  readonly seed: number;
  /** Names of traces and policies. Default all. */
  readonly traces?: readonly string[] | undefined;
  readonly policies?: readonly string[] | undefined;
}

export interface TraceComparison {
  readonly trace: Trace;
  readonly measures: Readonly<Record<string, Measures>>;
}

/** Runs each trace with each policy. The same options have the same results. */
export function compare({ engines, seconds, seed, traces, policies }: ComparisonOptions): TraceComparison[] {
  const chosen = Object.entries(policiesOf(seed)).filter(([name]) => policies?.includes(name) ?? true);
  return TRACES.filter(({ name }) => traces?.includes(name) ?? true).map((trace) => {
    const measures = chosen.map(([name, newRouter]) => {
      const fleet = { engines, costs: A100, untilMs: seconds * 1_000 };
      return [name, measuresOf(simulate(trace.arrivals(engines, seconds, seed), fleet, newRouter))] as const;
    });
    return { trace, measures: Object.fromEntries(measures) };
  });
}
