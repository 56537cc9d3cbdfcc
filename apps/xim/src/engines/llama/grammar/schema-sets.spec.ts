import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { fitsBounds, merged } from './schema-sets.ts';
import type { JsonSchema } from './schema-sets.ts';

const ajv = new Ajv2020({ strict: false });
const fits = (schema: JsonSchema, value: unknown): boolean => ajv.compile(schema)(value);

const bound = fc.integer({ min: 0, max: 4 });
const type = fc.constantFrom('string', 'integer', 'number', 'array', 'boolean', 'null');
const value = fc.oneof(
  fc.integer({ min: -1, max: 5 }),
  fc.constantFrom(0.5, 2.5, true, null),
  fc.string({ maxLength: 5, unit: 'grapheme' }),
  fc.array(fc.constant(1), { maxLength: 5 }),
);
const numbers = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'];
const bounds = [...numbers, 'minLength', 'maxLength', 'minItems', 'maxItems'];
const anySchema = fc.record(
  {
    ...Object.fromEntries(bounds.map((keyword) => [keyword, bound])),
    type: fc.oneof(type, fc.uniqueArray(type, { minLength: 1, maxLength: 3 })),
    enum: fc.uniqueArray(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 }),
    const: fc.integer({ min: 0, max: 4 }),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<JsonSchema>;

/** As the grammar reads it: an `enum` of nothing fits nothing, which ajv takes for a mistake. */
function fitsMerged(schema: JsonSchema, candidate: unknown): boolean {
  const isEmpty = Array.isArray(schema['enum']) && schema['enum'].length === 0;
  return !isEmpty && fits(schema, candidate);
}

describe('merged', () => {
  it('fits what fits both, and nothing else', () => {
    fc.assert(
      fc.property(anySchema, anySchema, value, (one, other, candidate) => {
        expect(fitsMerged(merged(one, other), candidate)).toBe(fits(one, candidate) && fits(other, candidate));
      }),
      { numRuns: 2_000 },
    );
  });

  it('joins properties, those of one name too, and what is required', () => {
    const one = { properties: { a: { type: 'integer', minimum: 2 } }, required: ['a'] };
    const other = {
      properties: { a: { minimum: 1, maximum: 9 }, b: {} },
      required: ['b'],
      additionalProperties: false,
    };
    expect(merged(one, other)).toEqual({
      properties: { a: { type: 'integer', minimum: 2, maximum: 9 }, b: {} },
      required: ['a', 'b'],
      additionalProperties: false,
    });
    expect(merged({ additionalProperties: false }, { additionalProperties: true })).toMatchObject({
      additionalProperties: false,
    });
  });

  it('of something that is no schema is the first', () => {
    expect(merged({ type: 'string' }, true)).toEqual({ type: 'string' });
  });
});

describe('fitsBounds', () => {
  it('says what ajv says of types and bounds', () => {
    fc.assert(
      fc.property(anySchema, value, ({ enum: _values, const: _value, ...schema }, candidate) => {
        expect(fitsBounds(schema, candidate)).toBe(fits(schema, candidate));
      }),
      { numRuns: 2_000 },
    );
  });
});
