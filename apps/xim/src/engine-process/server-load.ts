/** What a server reports about itself. */
import type { MetricNames } from './recipe.ts';
import { readPrometheusText } from './prometheus-text.ts';
import type { MetricReading } from './prometheus-text.ts';

/** Values that the server does not report are undefined. */
export interface ServerLoad {
  readonly running: number | undefined;
  readonly waiting: number | undefined;
  /** 0 to 1. */
  readonly kvCacheUsage: number | undefined;
  readonly totals: Readonly<Record<LoadTotal, number | undefined>>;
}

export const loadTotals = [
  'promptTokens',
  'generationTokens',
  'prefixCacheQueries',
  'prefixCacheHits',
  'steps',
] as const satisfies (keyof MetricNames)[];
export type LoadTotal = (typeof loadTotals)[number];

export function loadIn(text: string, names: MetricNames): ServerLoad {
  const readings = readPrometheusText(text, new Set(Object.values(names).flat() as string[]));
  const readingOf = (quantity: keyof MetricNames): MetricReading | undefined =>
    names[quantity].map((name) => readings.get(name)).find((reading) => reading !== undefined);
  const usage = readingOf('kvCacheUsage')?.max;
  return {
    running: readingOf('running')?.sum,
    waiting: readingOf('waiting')?.sum,
    kvCacheUsage: usage === undefined ? undefined : Math.min(1, Math.max(0, usage)),
    totals: Object.fromEntries(loadTotals.map((name) => [name, readingOf(name)?.sum])) as ServerLoad['totals'],
  };
}

/** Sums up totals that begin at 0 again whenever the server is restarted. */
export class GrowingTotals {
  #last: ServerLoad['totals'] | undefined;

  /** Returns by how much each total has grown since the last call. */
  grownBy(totals: ServerLoad['totals']): Readonly<Record<LoadTotal, number>> {
    const last = this.#last;
    this.#last = totals;
    const growth = (name: LoadTotal): number => {
      const now = totals[name] ?? 0;
      const before = last?.[name] ?? 0;
      return now >= before ? now - before : now;
    };
    return Object.fromEntries(loadTotals.map((name) => [name, growth(name)])) as Record<LoadTotal, number>;
  }
}
