import type { SimulationResult } from './simulation.ts';

export interface Measures {
  /** Requests per second that met their targets. */
  readonly goodput: number;
  readonly finished: number;
  readonly unfinished: number;
  readonly firstTokenP50Ms: number;
  readonly firstTokenP99Ms: number;
  readonly nextTokenP50Ms: number;
  /** Of the tokens of prompts. */
  readonly hitRate: number;
  /** Busiest engine compared with the mean. */
  readonly imbalance: number;
  /** Jain's index of the tokens that projects got. */
  readonly fairness: number;
}

export function measuresOf({ outcomes, unfinished, utilization, endedAt }: SimulationResult): Measures {
  const interactive = outcomes.filter(({ request }) => request.priority === 'interactive');
  const good = interactive.filter(
    ({ request: { slo }, firstTokenMs, nextTokenMs }) =>
      firstTokenMs <= slo.firstTokenMs && nextTokenMs <= slo.nextTokenMs,
  );
  const first = interactive.map(({ firstTokenMs }) => firstTokenMs).toSorted((a, b) => a - b);
  const next = interactive.map(({ nextTokenMs }) => nextTokenMs).toSorted((a, b) => a - b);
  const tokens = new Map<string, number>();
  for (const { request } of outcomes)
    tokens.set(request.projectId, (tokens.get(request.projectId) ?? 0) + request.promptTokens + request.outputTokens);
  const prompts = outcomes.reduce((sum, { request }) => sum + request.promptTokens, 0);
  return {
    goodput: good.length / (endedAt / 1_000),
    finished: outcomes.length,
    unfinished,
    firstTokenP50Ms: quantile(first, 0.5),
    firstTokenP99Ms: quantile(first, 0.99),
    nextTokenP50Ms: quantile(next, 0.5),
    hitRate: outcomes.reduce((sum, { cachedTokens }) => sum + cachedTokens, 0) / Math.max(1, prompts),
    imbalance: Math.max(...utilization) / (utilization.reduce((sum, each) => sum + each, 0) / utilization.length),
    fairness: jain([...tokens.values()]),
  };
}

/** 1 if all have the same, 1/n if one has everything. */
export function jain(values: readonly number[]): number {
  const [sum, squares] = [values.reduce((a, b) => a + b, 0), values.reduce((a, b) => a + b * b, 0)];
  return squares === 0 ? 1 : sum ** 2 / (values.length * squares);
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
