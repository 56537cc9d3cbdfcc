import fc from 'fast-check';
import { Histogram as PromHistogram, Registry } from 'prom-client';
import { Counter, Histogram, register } from './series.ts';

const help = 'Something.';

function linesOf(...families: (Counter<string> | Histogram<string>)[]): Promise<string[]> {
  const registry = new Registry();
  for (const family of families) register(registry, family);
  return registry.metrics().then((text) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#')));
}

describe('a counter', () => {
  it('has a series for each combination of labels, and one from the start without labels', async () => {
    const sut = new Counter({ name: 'a_total', help, labelNames: ['model', 'tier'] });
    sut.inc({ tier: 'free', model: 'm' });
    sut.labels('m', 'free').inc(2);
    sut.labels('free', 'm').inc(0.5);
    const single = new Counter({ name: 'b_total', help, labelNames: [] });
    expect(await linesOf(sut, single)).toEqual([
      'a_total{model="m",tier="free"} 3',
      'a_total{model="free",tier="m"} 0.5',
      'b_total 0',
    ]);
  });

  it.each([-1, NaN, Infinity])('throws for an increment of %p, and keeps its value', async (by) => {
    const sut = new Counter({ name: 'a_total', help, labelNames: [] });
    expect(() => sut.labels().inc(by)).toThrow(RangeError);
    expect(await linesOf(sut)).toEqual(['a_total 0']);
  });

  it('throws for another number of labels', () => {
    const sut = new Counter({ name: 'a_total', help, labelNames: ['model'] });
    expect(() => sut.labels()).toThrow('metric a_total: expected 1 labels, got 0');
  });
});

describe('a histogram', () => {
  it('writes the same lines as that of prom-client', async () => {
    const value = fc.oneof(fc.constantFrom(0, 1, 2.5, 5), fc.double({ min: -10, max: 10, noNaN: true }));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom('a', 'b "c"\n'), value)), async (observations) => {
        const options = { name: 'a_seconds', help, labelNames: ['model'], buckets: [1, 2.5, 5] };
        const sut = new Histogram(options);
        const registry = new Registry();
        const model = new PromHistogram({ ...options, registers: [registry] });
        for (const [label, seconds] of observations) {
          sut.observe({ model: label }, seconds);
          model.observe({ model: label }, seconds);
        }
        const expected = (await registry.metrics()).split('\n').filter((line) => line.startsWith('a_'));
        expect(await linesOf(sut)).toEqual(expected);
      }),
    );
  });

  it.each([NaN, Infinity])('throws for %p', (value) => {
    const sut = new Histogram({ name: 'a_seconds', help, labelNames: [], buckets: [1] });
    expect(() => sut.labels().observe(value)).toThrow(RangeError);
  });
});
