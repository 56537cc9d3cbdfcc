import fc from 'fast-check';
import { exceededJsonBound } from './json-bounds.ts';

const jsonDepthExceeds = (bytes: Uint8Array, depthMax: number): boolean =>
  exceededJsonBound(bytes, { depthMax, partsMax: Infinity }) === 'depthMax';

/** The reference: parse, then walk. */
function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

const awkward = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.stringMatching(/^[\\"[\]{}\u0000-\u001f,:]*$/),
  fc.constantFrom('\\', '\\\\', '"', '\\"', '["', '{"a":[', ']}]', '\u2028', '😀[', '\ud800'),
);
const json = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 8 }, fc.constantFrom(null, true, 1.5e-7), awkward, tie('list'), tie('object')),
  list: fc.array(tie('value'), { maxLength: 4 }),
  object: fc.dictionary(awkward, tie('value'), { maxKeys: 4 }),
})).value;
const spacing = fc.constantFrom(undefined, 1, '\t', '\n  ');

/**
 * The reference: counts what was written, not what a parser returns: Node 24 (nodejs/node issue 63785) may confuse an
 * escaped key with another key that it parsed before, and so returns fewer.
 */
function partsOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const names = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce((sum: number, inner) => sum + partsOf(inner), 1 + names);
}

describe('depthMax', () => {
  it('agrees with parsing and walking any text', () => {
    fc.assert(
      fc.property(json, spacing, fc.integer({ min: 0, max: 10 }), (value, space, max) => {
        const text = JSON.stringify(value, undefined, space);
        expect([text, jsonDepthExceeds(Buffer.from(text), max)]).toEqual([text, depthOf(value) > max]);
      }),
      { numRuns: 1_000 },
    );
  });

  it('applies exactly at its limit', () => {
    expect(jsonDepthExceeds(Buffer.from('[[[]]]'), 3)).toBe(false);
    expect(jsonDepthExceeds(Buffer.from('[[[[]]]]'), 3)).toBe(true);
  });

  it('counts depth, not size', () => {
    expect(jsonDepthExceeds(Buffer.from(`[${'[],{},'.repeat(10_000)}0]`), 2)).toBe(false);
  });

  it('never undercounts compared to a parser, also in text that is not JSON', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\\"[\]{} a1:,]{0,40}$/), (text) => {
        let depth: number;
        try {
          depth = depthOf(JSON.parse(text));
        } catch {
          return;
        }
        expect(jsonDepthExceeds(Buffer.from(text), depth)).toBe(false);
        if (depth > 0) expect(jsonDepthExceeds(Buffer.from(text), depth - 1)).toBe(true);
      }),
      { numRuns: 5_000 },
    );
  });

  it('stops at an unterminated string or escape', () => {
    for (const text of ['"[[[[', '"\\', '[', '']) expect(jsonDepthExceeds(Buffer.from(text), 1)).toBe(false);
  });
});

describe('partsMax', () => {
  const exceeds = (text: string, partsMax: number): boolean =>
    exceededJsonBound(Buffer.from(text), { depthMax: Infinity, partsMax }) === 'partsMax';

  it('agrees with parsing and counting any text', () => {
    fc.assert(
      fc.property(json, spacing, (value, space) => {
        const text = JSON.stringify(value, undefined, space);
        const parts = partsOf(value);
        expect([text, exceeds(text, parts), exceeds(text, parts - 1)]).toEqual([text, false, parts > 0]);
      }),
      { numRuns: 1_000 },
    );
  });

  it('counts a duplicate key twice, and numbers and strings in arrays not at all', () => {
    expect(exceeds('{"a":1,"a":2}', 3)).toBe(false);
    expect(exceeds('{"a":1,"a":2}', 2)).toBe(true);
    expect(exceeds(`[${'1,"x",null,'.repeat(10_000)}0]`, 1)).toBe(false);
  });

  it('is distinguished from depthMax', () => {
    const bounds = { depthMax: 2, partsMax: 3 };
    expect(exceededJsonBound(Buffer.from('[[[]]]'), bounds)).toBe('depthMax');
    expect(exceededJsonBound(Buffer.from('[[],[],[]]'), bounds)).toBe('partsMax');
    expect(exceededJsonBound(Buffer.from('[[],[]]'), bounds)).toBeUndefined();
  });
});
