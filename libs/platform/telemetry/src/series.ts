/**
 * Counters and histograms whose series are objects: prom-client's look up their labels at every observation, which costs a worker 5 %
 * of its time. They are members of its registry, which writes the text.
 */
import type { Registry } from 'prom-client';

interface FamilyOptions<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly Label[];
}

export type Labels<Label extends string> = Readonly<Record<Label, string>>;

/** A line of the text, as the registry reads it. */
interface Sample {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** The series that share their first labels: a lookup by each value costs less than one by a joined string. */
interface LabelNode<Series> {
  readonly children: Map<string, LabelNode<Series>>;
  series?: Series;
}

/** The series of one metric, by the values of its labels. */
abstract class Family<Label extends string, Series> {
  readonly name: string;
  readonly help: string;
  readonly aggregator = 'sum';
  abstract readonly type: 'counter' | 'histogram';
  readonly #labelNames: readonly Label[];
  readonly #root: LabelNode<Series> = { children: new Map() };
  readonly #all: { readonly labels: Labels<Label>; readonly series: Series }[] = [];

  constructor({ name, help, labelNames }: FamilyOptions<Label>) {
    this.name = name;
    this.help = help;
    this.#labelNames = labelNames;
  }

  /** Returns the series with these values, in the order of the declaration. Its observations are the cheapest. */
  labels(...values: string[]): Series {
    let node = this.#root;
    for (const value of values) {
      let child = node.children.get(value);
      if (child === undefined) {
        this.#checkCount(values);
        node.children.set(value, (child = { children: new Map() }));
      }
      node = child;
    }
    return (node.series ??= this.#add(values));
  }

  #add(values: readonly string[]): Series {
    this.#checkCount(values);
    const labels = Object.fromEntries(this.#labelNames.map((name, index) => [name, values[index]])) as Labels<Label>;
    const series = this.create();
    this.#all.push({ labels, series });
    return series;
  }

  #checkCount({ length }: readonly string[]): void {
    const expected = this.#labelNames.length;
    if (length !== expected) throw new RangeError(`metric ${this.name}: expected ${expected} labels, got ${length}`);
  }

  /** Called by the registry. */
  async get(): Promise<{ name: string; help: string; type: string; aggregator: string; values: Sample[] }> {
    const { name, help, type, aggregator } = this;
    const values = this.#all.flatMap(({ labels, series }) => this.samplesOf(labels, series));
    return { name, help, type, aggregator, values };
  }

  protected withLabels(labels: Labels<Label>): Series {
    return this.labels(...this.#labelNames.map((name) => labels[name]));
  }

  protected abstract create(): Series;

  protected abstract samplesOf(labels: Labels<Label>, series: Series): Sample[];
}

export class CounterSeries {
  value = 0;

  /** @throws {RangeError} for a negative number, or one that is not finite. */
  inc(by = 1): void {
    if (!(by >= 0 && by < Infinity)) throw new RangeError(`Expected a finite increment of at least 0, got ${by}`);
    this.value += by;
  }
}

export class Counter<Label extends string = never> extends Family<Label, CounterSeries> {
  readonly type = 'counter';

  constructor(options: FamilyOptions<Label>) {
    super(options);
    // Without labels, the only series exists from the start.
    if (options.labelNames.length === 0) this.labels();
  }

  inc(labels: Labels<Label>, by?: number): void {
    this.withLabels(labels).inc(by);
  }

  protected create(): CounterSeries {
    return new CounterSeries();
  }

  protected samplesOf(labels: Labels<Label>, { value }: CounterSeries): Sample[] {
    return [{ labels, value }];
  }
}

export class HistogramSeries {
  readonly bounds: readonly number[];
  /** Observations by bucket; the last one has no upper bound. */
  readonly counts: Float64Array;
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** @throws {RangeError} for a number that is not finite. */
  observe(value: number): void {
    if (!Number.isFinite(value)) throw new RangeError(`Expected a finite number, got ${value}`);
    const { bounds, counts } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket += 1;
    counts[bucket] = (counts[bucket] as number) + 1;
    this.sum += value;
  }
}

export class Histogram<Label extends string = never> extends Family<Label, HistogramSeries> {
  readonly type = 'histogram';
  readonly #bounds: readonly number[];

  /** @param options.buckets upper bounds, in ascending order. */
  constructor(options: FamilyOptions<Label> & { readonly buckets: readonly number[] }) {
    super(options);
    this.#bounds = options.buckets;
    if (options.labelNames.length === 0) this.labels();
  }

  observe(labels: Labels<Label>, value: number): void {
    this.withLabels(labels).observe(value);
  }

  protected create(): HistogramSeries {
    return new HistogramSeries(this.#bounds);
  }

  protected samplesOf(labels: Labels<Label>, { bounds, counts, sum }: HistogramSeries): Sample[] {
    let count = 0;
    const buckets = [...bounds, '+Inf'].map((le, index) => {
      count += counts[index] as number;
      return { metricName: `${this.name}_bucket`, labels: { le, ...labels }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${this.name}_sum`, labels, value: sum },
      { metricName: `${this.name}_count`, labels, value: count },
    ];
  }
}

/** The registry calls nothing but `get` and `name`. */
export function register(registry: Registry, family: Counter<string> | Histogram<string>): void {
  registry.registerMetric(family as unknown as Parameters<Registry['registerMetric']>[0]);
}
