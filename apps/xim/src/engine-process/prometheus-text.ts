/** Reads some metrics from the text format of Prometheus. */

export interface MetricReading {
  /** Of all series of the metric, such as those of several engines of one server. */
  readonly sum: number;
  readonly max: number;
}

/** A value, optionally followed by a time stamp. */
const VALUE = /^[ \t]+(\S+)(?:[ \t]+-?\d+)?[ \t]*\r?$/;
const SPECIAL: Readonly<Record<string, number>> = { '+Inf': Infinity, Inf: Infinity, '-Inf': -Infinity };
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * Returns the readings of the wanted metrics. Everything else is skipped: comments, other metrics, lines that are malformed or cut
 * off, and values that are not finite.
 */
export function readPrometheusText(text: string, wanted: ReadonlySet<string>): Map<string, MetricReading> {
  const readings = new Map<string, MetricReading>();
  for (const line of text.split('\n')) {
    const name = /^[A-Za-z_:][A-Za-z0-9_:]*/.exec(line)?.[0];
    if (name === undefined || !wanted.has(name)) continue;
    const rest = afterLabels(line, name.length);
    const value = rest === undefined ? NaN : numberIn(VALUE.exec(rest)?.[1] ?? '');
    if (!Number.isFinite(value)) continue;
    const { sum, max } = readings.get(name) ?? { sum: 0, max: -Infinity };
    readings.set(name, { sum: sum + value, max: Math.max(max, value) });
  }
  return readings;
}

/** Returns the line after its labels; undefined when they do not end. Label values may contain braces and escaped quotes. */
function afterLabels(line: string, start: number): string | undefined {
  if (line[start] !== '{') return line.slice(start);
  let isQuoted = false;
  for (let i = start + 1; i < line.length; i += 1) {
    const character = line[i];
    if (isQuoted && character === '\\') i += 1;
    else if (character === '"') isQuoted = !isQuoted;
    else if (character === '}' && !isQuoted) return ` ${line.slice(i + 1)}`;
  }
  return undefined;
}

function numberIn(text: string): number {
  return SPECIAL[text] ?? (NUMBER.test(text) ? Number(text) : NaN);
}
