import { SIGNAL_NAMES, signals } from '@xerotier/scheduler';
import type { TraceComparison } from './comparison.ts';
import type { Measures } from './measures.ts';

const COLUMNS: readonly (readonly [string, (measures: Measures) => string])[] = [
  ['Goodput, requests/s', ({ goodput }) => goodput.toFixed(2)],
  ['First token p50, ms', ({ firstTokenP50Ms }) => firstTokenP50Ms.toFixed(0)],
  ['First token p99, ms', ({ firstTokenP99Ms }) => firstTokenP99Ms.toFixed(0)],
  ['Token p50, ms', ({ nextTokenP50Ms }) => nextTokenP50Ms.toFixed(1)],
  ['Cached', ({ hitRate }) => `${(100 * hitRate).toFixed(0)} %`],
  ['Ended', ({ finished }) => String(finished)],
  ['Busiest / mean', ({ imbalance }) => imbalance.toFixed(2)],
  ['Jain', ({ fairness }) => fairness.toFixed(2)],
];

/** The signals of the scheduler as a table in Markdown. */
export function signalsTable(): string {
  const rows = SIGNAL_NAMES.map((name) => {
    const { weight, meaning, formula } = signals[name];
    return [`\`${name}\``, String(weight), meaning, formula];
  });
  return table(['Signal', 'Weight', 'What it says', 'From 0 to 1'], ['---', '---:', '---', '---'], rows);
}

/** One table for each trace, in Markdown. */
export function reportOf(comparisons: readonly TraceComparison[]): string {
  return comparisons
    .map(({ trace, measures }) => `### ${capitalized(trace.name)}\n\n${trace.meaning}\n\n${tableOf(measures)}`)
    .join('\n\n');
}

function tableOf(measures: TraceComparison['measures']): string {
  const header = ['Policy', ...COLUMNS.map(([name]) => name)];
  const rows = Object.entries(measures).map(([policy, each]) => [policy, ...COLUMNS.map(([, text]) => text(each))]);
  return table(
    header,
    header.map((_, at) => (at === 0 ? '---' : '---:')),
    rows,
  );
}

function table(...lines: readonly [readonly string[], readonly string[], readonly (readonly string[])[]]): string {
  const [header, alignment, rows] = lines;
  return [header, alignment, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
