import { z } from 'zod';
import { event, request, service, stream, subjectOf, wildcardOf } from './define.ts';
import type { ErrorOf } from './define.ts';

const generate = { subject: 'infer.v1.{model}.{worker}' } as const;

describe('ErrorOf', () => {
  it('is the codes that an operation lists, and none where it lists none', () => {
    const spec = { subject: 'a.v1.b', timeoutMs: 1, input: z.object({}), output: z.object({}) };
    const listing = request({ ...spec, errors: ['worker.busy', 'db.unavailable'] });
    const silent = request({ ...spec, errors: [] });
    const listed: ErrorOf<typeof listing>[] = ['worker.busy', 'db.unavailable'];
    // @ts-expect-error: not in the list.
    const unlisted: ErrorOf<typeof listing> = 'internal';
    const none: ErrorOf<typeof silent>[] = [];
    // @ts-expect-error: it lists none.
    none.push('worker.busy');
    expect(listing.errors).toEqual(listed);
    expect(listing.errors).not.toContain(unlisted);
    expect(silent.errors).toEqual([]);
  });
});

describe('subjectOf', () => {
  it('fills every name of the template', () => {
    expect(subjectOf(generate, { model: 'tiny-1', worker: 'worker_A9' })).toBe('infer.v1.tiny-1.worker_A9');
  });

  it('returns a subject without names as it is', () => {
    expect(subjectOf({ subject: 'router.v1.acquire' }, {})).toBe('router.v1.acquire');
  });

  it('fills the same template again with other values', () => {
    expect(subjectOf(generate, { model: 'a', worker: 'b' })).toBe('infer.v1.a.b');
    expect(subjectOf(generate, { model: 'c', worker: 'd' })).toBe('infer.v1.c.d');
  });

  it.each(['a.b', '*', '>', 'a*', '', ' ', 'a b', 'a\n', 'é', '{x}'])(
    'refuses %p, which would address other subjects or none',
    (worker) => {
      expect(() => subjectOf(generate, { model: 'm', worker })).toThrow(RangeError);
      expect(() => subjectOf(generate, { model: 'm', worker })).toThrow('{worker} must be one token');
    },
  );

  it('refuses a missing value and names it', () => {
    expect(() => subjectOf(generate, { model: 'm' } as never)).toThrow('{worker} must be one token');
  });

  it('takes no value from what every object inherits', () => {
    expect(() => subjectOf({ subject: 'a.{constructor}' }, {} as never)).toThrow(RangeError);
  });
});

describe('wildcardOf', () => {
  it('puts a star where a name stands', () => {
    expect(wildcardOf(generate)).toBe('infer.v1.*.*');
  });

  it('leaves a subject without names as it is', () => {
    expect(wildcardOf({ subject: 'auth.v1.changed' })).toBe('auth.v1.changed');
  });
});

describe('a contract', () => {
  it('says what kind it is and keeps what it was given', () => {
    const input = z.object({});
    const ask = request({ subject: 'a.b', timeoutMs: 1, input, output: input, errors: [] });
    expect(ask).toMatchObject({ kind: 'request', subject: 'a.b', timeoutMs: 1 });
    expect(stream({ subject: 'a.c', input, head: input, end: input, errors: [] }).kind).toBe('stream');
    expect(event({ subject: 'a.d', data: input }).kind).toBe('event');
    expect(service('math', { ask })).toEqual({ name: 'math', operations: { ask } });
  });
});
