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
 * The reference: count what was written. Not what a parser reads of it: that of Node 24 (nodejs/node issue 63785) takes a name with an
 * escape for another name that it has read before, and so finds fewer.
 */
function partsOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const names = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce((sum: number, inner) => sum + partsOf(inner), 1 + names);
}

describe('the bound of depth', () => {
  it('agrees with parsing and walking, whatever the text holds', () => {
    fc.assert(
      fc.property(json, spacing, fc.integer({ min: 0, max: 10 }), (value, space, max) => {
        const text = JSON.stringify(value, undefined, space);
        expect([text, jsonDepthExceeds(Buffer.from(text), max)]).toEqual([text, depthOf(value) > max]);
      }),
      { numRuns: 1_000 },
    );
  });

  it('holds exactly at its bound', () => {
    expect(jsonDepthExceeds(Buffer.from('[[[]]]'), 3)).toBe(false);
    expect(jsonDepthExceeds(Buffer.from('[[[[]]]]'), 3)).toBe(true);
  });

  it('counts how deep it is, not how much there is', () => {
    expect(jsonDepthExceeds(Buffer.from(`[${'[],{},'.repeat(10_000)}0]`), 2)).toBe(false);
  });

  it('never finds less than a parser would, in text that is not JSON either', () => {
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

  it('stops at an unfinished string or escape', () => {
    for (const text of ['"[[[[', '"\\', '[', '']) expect(jsonDepthExceeds(Buffer.from(text), 1)).toBe(false);
  });
});

describe('the bound of parts', () => {
  const exceeds = (text: string, partsMax: number): boolean =>
    exceededJsonBound(Buffer.from(text), { depthMax: Infinity, partsMax }) === 'partsMax';

  it('agrees with parsing and counting, whatever the text holds', () => {
    fc.assert(
      fc.property(json, spacing, (value, space) => {
        const text = JSON.stringify(value, undefined, space);
        const parts = partsOf(value);
        expect([text, exceeds(text, parts), exceeds(text, parts - 1)]).toEqual([text, false, parts > 0]);
      }),
      { numRuns: 1_000 },
    );
  });

  it('counts a name that comes twice as two, and numbers and texts of a list not at all', () => {
    expect(exceeds('{"a":1,"a":2}', 3)).toBe(false);
    expect(exceeds('{"a":1,"a":2}', 2)).toBe(true);
    expect(exceeds(`[${'1,"x",null,'.repeat(10_000)}0]`, 1)).toBe(false);
  });

  it('is told apart from the bound of depth', () => {
    const bounds = { depthMax: 2, partsMax: 3 };
    expect(exceededJsonBound(Buffer.from('[[[]]]'), bounds)).toBe('depthMax');
    expect(exceededJsonBound(Buffer.from('[[],[],[]]'), bounds)).toBe('partsMax');
    expect(exceededJsonBound(Buffer.from('[[],[]]'), bounds)).toBeUndefined();
  });
});
