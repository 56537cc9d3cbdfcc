import fc from 'fast-check';
import { jsonDepthExceeds } from './json-depth.ts';

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

describe('jsonDepthExceeds', () => {
  it('agrees with parsing and walking, whatever the text holds', () => {
    fc.assert(
      fc.property(json, spacing, fc.integer({ min: 0, max: 10 }), (value, space, max) => {
        const text = JSON.stringify(value, undefined, space);
        expect([text, jsonDepthExceeds(Buffer.from(text), max)]).toEqual([text, depthOf(JSON.parse(text)) > max]);
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
