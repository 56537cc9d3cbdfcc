import { z } from 'zod';
import { event, request, service, stream, subjectOf, wildcardOf } from './define.ts';
import type { ErrorOf } from './define.ts';

const generate = { subject: 'infer.v1.{model}.{worker}' } as const;

describe('ErrorOf', () => {
  it('is the union of the codes that an operation lists', () => {
    const spec = { subject: 'a.v1.b', timeoutMs: 1, input: z.object({}), output: z.object({}) };
    const listing = request({ ...spec, errors: ['worker.busy', 'db.unavailable'] });
    const unlisting = request({ ...spec, errors: [] });
    const listed: ErrorOf<typeof listing>[] = ['worker.busy', 'db.unavailable'];
    // @ts-expect-error: the code is not listed.
    const unlisted: ErrorOf<typeof listing> = 'internal';
    const none: ErrorOf<typeof unlisting>[] = [];
    // @ts-expect-error: no code is listed.
    none.push('worker.busy');
    expect(listing.errors).toEqual(listed);
    expect(listing.errors).not.toContain(unlisted);
    expect(unlisting.errors).toEqual([]);
  });
});

describe('subjectOf', () => {
  it('fills in every name of the template', () => {
    expect(subjectOf(generate, { model: 'tiny-1', worker: 'worker_A9' })).toBe('infer.v1.tiny-1.worker_A9');
  });

  it('returns a subject without names unchanged', () => {
    expect(subjectOf({ subject: 'router.v1.acquire' }, {})).toBe('router.v1.acquire');
  });

  it('fills in the same template again with other values', () => {
    expect(subjectOf(generate, { model: 'a', worker: 'b' })).toBe('infer.v1.a.b');
    expect(subjectOf(generate, { model: 'c', worker: 'd' })).toBe('infer.v1.c.d');
  });

  it.each(['a.b', '*', '>', 'a*', '', ' ', 'a b', 'a\n', 'é', '{x}'])(
    'rejects %p, which is not a subject token',
    (worker) => {
      expect(() => subjectOf(generate, { model: 'm', worker })).toThrow(RangeError);
      expect(() => subjectOf(generate, { model: 'm', worker })).toThrow('{worker} must be one token');
    },
  );

  it('rejects a missing value and names it', () => {
    expect(() => subjectOf(generate, { model: 'm' } as never)).toThrow('{worker} must be one token');
  });

  it('ignores inherited properties of the values', () => {
    expect(() => subjectOf({ subject: 'a.{constructor}' }, {} as never)).toThrow(RangeError);
  });
});

describe('wildcardOf', () => {
  it('replaces every name with a wildcard', () => {
    expect(wildcardOf(generate)).toBe('infer.v1.*.*');
  });

  it('returns a subject without names unchanged', () => {
    expect(wildcardOf({ subject: 'auth.v1.changed' })).toBe('auth.v1.changed');
  });
});

describe('contract builders', () => {
  it('add the kind to the definition', () => {
    const input = z.object({});
    const add = request({ subject: 'a.b', timeoutMs: 1, input, output: input, errors: [] });
    expect(add).toMatchObject({ kind: 'request', subject: 'a.b', timeoutMs: 1 });
    expect(stream({ subject: 'a.c', input, head: input, end: input, errors: [] }).kind).toBe('stream');
    expect(event({ subject: 'a.d', data: input }).kind).toBe('event');
    expect(service('math', { add })).toEqual({ name: 'math', operations: { add } });
  });
});
