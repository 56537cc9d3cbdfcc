/**
 * Metrics of the process (prom-client). The owner of a metric declares it in a file `metrics.ts` that exports `metrics`, from
 * which docs/generated/metrics.md is generated. A declaration with an unbounded label or an unconventional name throws.
 */
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { Counter, Histogram, register } from './series.ts';

export interface MetricOptions<Label extends string> {
  readonly name: string;
  /** Description, as a sentence. */
  readonly about: string;
  /** Such as `seconds`, `tokens` or `requests`. */
  readonly unit: string;
  /** Labels with a description of their values, which must be bounded. Default: none. */
  readonly labels?: Readonly<Record<Label, string>>;
}

export interface HistogramOptions<Label extends string> extends MetricOptions<Label> {
  /** Upper bounds. Default: {@link durationBuckets}. */
  readonly buckets?: readonly number[];
}

/** An entry of the reference. */
export interface MetricDeclaration {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly about: string;
  readonly unit: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Buckets in seconds for calls between processes. */
export const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;
/** Buckets in seconds for inference requests. */
export const requestBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300] as const;

const LABELS_MAX = 4;
const NAME = /^(?:vllm:)?[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/;
/** Labels whose series grow with tenants, keys or traffic. */
const UNBOUNDED =
  /(?:^|_)(?:project|tenant|team|key|user|endpoint|request|request_id|id|worker|path|url|host|address|message|text|prompt|ip)$/;

const registry = new Registry();
const declarations = new WeakMap<object, MetricDeclaration>();

export function counter<Label extends string = never>(options: MetricOptions<Label>): Counter<Label> {
  const metric = new Counter<Label>(configOf('counter', options));
  register(registry, metric);
  return declared('counter', options, metric);
}

export function histogram<Label extends string = never>(options: HistogramOptions<Label>): Histogram<Label> {
  const { buckets = durationBuckets } = options;
  const metric = new Histogram<Label>({ ...configOf('histogram', options), buckets });
  register(registry, metric);
  return declared('histogram', options, metric);
}

export function gauge<Label extends string = never>(options: MetricOptions<Label>): ObservedGauge<Label> {
  return declared('gauge', options, new ObservedGauge<Label>(configOf('gauge', options)));
}

/** The current value of a gauge: a number, or one per combination of labels. */
export type Reading<Label extends string> =
  number | Iterable<readonly [labels: Readonly<Record<Label, string>>, value: number]>;

type Source<Label extends string> = () => Reading<Label> | Promise<Reading<Label>>;

/** A gauge that is read only when it is scraped. The readings of its sources are added up. */
export class ObservedGauge<Label extends string = never> {
  readonly #sources = new Set<Source<Label>>();

  constructor(config: { name: string; help: string; labelNames: Label[]; registers: Registry[] }) {
    const sources = this.#sources;
    new Gauge({
      ...config,
      async collect() {
        // A failing source must not fail the scrape.
        const read = (source: Source<Label>): Promise<Reading<Label>> =>
          Promise.resolve()
            .then(source)
            .catch(() => []);
        const readings = await Promise.all([...sources].map(read));
        // Synchronously from here, since two scrapes may overlap.
        this.reset();
        for (const reading of readings) {
          if (typeof reading === 'number') this.inc(reading);
          else for (const [labels, value] of reading) this.inc(labels, value);
        }
      },
    });
  }

  /** Adds a source. @returns a function that removes it. */
  observe(source: Source<Label>): () => void {
    this.#sources.add(source);
    return () => void this.#sources.delete(source);
  }
}

/** Returns the declaration of a metric; undefined for other objects. */
export function declarationOf(metric: object): MetricDeclaration | undefined {
  return declarations.get(metric);
}

/** Collects memory, CPU, event loop and garbage collection of the process. Must be called once. */
export function collectProcessMetrics(): void {
  collectDefaultMetrics({ register: registry });
}

export const metricsContentType: string = registry.contentType;

/** Returns all metrics of this process in the Prometheus text format. */
export function metricsText(): Promise<string> {
  return registry.metrics();
}

function configOf<Label extends string>(
  type: MetricDeclaration['type'],
  { name, about, unit, labels }: MetricOptions<Label>,
): { name: string; help: string; labelNames: Label[]; registers: Registry[] } {
  const labelNames = Object.keys(labels ?? {}) as Label[];
  const problem = (reason: string): never => {
    throw new RangeError(`metric ${name}: ${reason}`);
  };
  if (!NAME.test(name)) problem('the name must be lower case words, joined by _');
  if ((type === 'counter') !== name.endsWith('_total')) problem('counters, and only they, end in _total');
  if (/_(?:ms|milliseconds|minutes|kb|mb)(?:_|$)/.test(name)) problem('durations are seconds, and sizes are bytes');
  if ((unit === 'seconds') !== /_seconds(?:_|$)/.test(name))
    problem('names contain _seconds if, and only if, the unit is seconds');
  if (labelNames.length > LABELS_MAX) problem(`it has more than ${LABELS_MAX} labels`);
  const unbounded = labelNames.find((label) => UNBOUNDED.test(label));
  if (unbounded !== undefined) problem(`the values of the label ${unbounded} are unbounded`);
  return { name, help: about, labelNames, registers: [registry] };
}

function declared<Label extends string, M extends object>(
  type: MetricDeclaration['type'],
  { name, about, unit, labels }: MetricOptions<Label>,
  metric: M,
): M {
  declarations.set(metric, { name, type, about, unit, labels: labels ?? {} });
  return metric;
}
