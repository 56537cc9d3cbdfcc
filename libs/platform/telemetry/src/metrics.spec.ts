import { counter, declarationOf, gauge, histogram, metricsText } from './metrics.ts';
import { LabelValues } from './label-values.ts';

const about = 'Something.';

describe('a declaration', () => {
  it('is the entry of the reference', () => {
    const metric = counter({ name: 'test_declared_total', about, unit: 'things', labels: { outcome: 'good or bad' } });
    expect(declarationOf(metric)).toEqual({
      name: 'test_declared_total',
      type: 'counter',
      about,
      unit: 'things',
      labels: { outcome: 'good or bad' },
    });
    expect(declarationOf({})).toBeUndefined();
  });

  it('accepts the names of vLLM', () => {
    expect(() => histogram({ name: 'vllm:test_latency_seconds', about, unit: 'seconds' })).not.toThrow();
  });

  it.each([
    ['a counter without _total', () => counter({ name: 'test_things', about, unit: 'things' }), /_total/],
    ['a gauge with _total', () => gauge({ name: 'test_things_total', about, unit: 'things' }), /_total/],
    ['capitals', () => gauge({ name: 'testThings', about, unit: 'things' }), /lower case/],
    ['milliseconds', () => histogram({ name: 'test_wait_ms', about, unit: 'milliseconds' }), /seconds/],
    ['a duration that does not say so', () => histogram({ name: 'test_wait', about, unit: 'seconds' }), /seconds/],
    ['seconds of another unit', () => gauge({ name: 'test_wait_seconds', about, unit: 'things' }), /seconds/],
    ...['project', 'project_id', 'key', 'request_id', 'user', 'url', 'endpoint', 'worker'].map(
      (label) =>
        [
          `the label ${label}`,
          () => gauge({ name: 'test_unbounded', about, unit: 'things', labels: { [label]: about } }),
          /unbounded/,
        ] as const,
    ),
    [
      'five labels',
      () => gauge({ name: 'test_labels', about, unit: 'things', labels: { a: '', b: '', c: '', d: '', e: '' } }),
      /more than 4 labels/,
    ],
  ] as const)('throws for %s', (_, declare, message) => {
    expect(declare).toThrow(message);
  });

  it('throws for a duplicate name', () => {
    gauge({ name: 'test_twice', about, unit: 'things' });
    expect(() => gauge({ name: 'test_twice', about, unit: 'things' })).toThrow(/test_twice/);
  });
});

describe('a gauge', () => {
  const linesOf = async (name: string): Promise<string[]> =>
    (await metricsText()).split('\n').filter((line) => line.startsWith(name));

  it('is read when it is scraped, and adds up its sources', async () => {
    const sut = gauge({ name: 'test_read', about, unit: 'things' });
    let first = 1;
    sut.observe(() => first);
    const end = sut.observe(() => 10);
    expect(await linesOf('test_read')).toEqual(['test_read 11']);
    first = 2;
    end();
    expect(await linesOf('test_read')).toEqual(['test_read 2']);
  });

  it('drops labels that are no longer read', async () => {
    const sut = gauge({ name: 'test_states', about, unit: 'things', labels: { state: 'any' } });
    let states = ['a', 'a', 'b'];
    sut.observe(() => states.map((state) => [{ state }, 1] as const));
    expect(await linesOf('test_states')).toEqual(['test_states{state="a"} 2', 'test_states{state="b"} 1']);
    states = ['b'];
    expect(await linesOf('test_states')).toEqual(['test_states{state="b"} 1']);
  });

  it('is correct when two scrapes overlap', async () => {
    const sut = gauge({ name: 'test_overlap', about, unit: 'things' });
    sut.observe(async () => 1);
    const texts = await Promise.all([linesOf('test_overlap'), linesOf('test_overlap')]);
    expect(texts).toEqual([['test_overlap 1'], ['test_overlap 1']]);
  });

  it('omits a failing source', async () => {
    const sut = gauge({ name: 'test_failing', about, unit: 'things' });
    sut.observe(() => Promise.reject(new Error('away')));
    sut.observe(() => 5);
    expect(await linesOf('test_failing')).toEqual(['test_failing 5']);
  });
});

describe('LabelValues', () => {
  it('counts values beyond its bound as one', () => {
    const sut = new LabelValues(2);
    expect(['a', 'b', 'c', 'a', 'd'].map((value) => sut.of(value))).toEqual(['a', 'b', 'other', 'a', 'other']);
  });
});
