/** What `/metrics` of a process says. */
import type { ServiceProcess } from '@xerotier/dev';

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export class Metrics {
  readonly text: string;
  readonly samples: readonly Sample[];

  constructor(text: string) {
    this.text = text;
    this.samples = text.split('\n').flatMap(sampleOf);
  }

  static async of({ healthUrl }: Pick<ServiceProcess, 'healthUrl'>): Promise<Metrics> {
    const response = await fetch(`${healthUrl}/metrics`);
    if (!response.ok || !response.headers.get('content-type')?.startsWith('text/plain; version=0.0.4'))
      throw new Error(`${response.status} ${response.headers.get('content-type')}: ${await response.text()}`);
    return new Metrics(await response.text());
  }

  /** The sum of all series of a name that have these labels; 0 when there is none. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    return this.samples
      .filter((sample) => sample.name === name)
      .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
      .reduce((total, { value }) => total + value, 0);
  }

  labelValues(name: string, label: string): string[] {
    return [...new Set(this.samples.filter((sample) => sample.name === name).map(({ labels }) => labels[label] ?? ''))];
  }
}

function sampleOf(line: string): Sample[] {
  const [, name, labels = '', value] = /^([\w:]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  if (name === undefined) return [];
  const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, text]) => [label, text] as const);
  return [{ name, labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) }];
}
