/** Property tests: every sampled text matches its schema, and only unsatisfiable or unsupported schemas have no grammar. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv/dist/2020.js';
import { AppError } from '@xerotier/errors';
import fc from 'fast-check';
import { GrammarSampler } from '../../testing/grammar-sampler.ts';
import { schemaDocuments, smallValues } from '../../testing/json-schemas.ts';
import { GbnfRules } from './gbnf.ts';
import { SchemaReader } from './schema-reader.ts';
import { SchemaRules } from './schema-rules.ts';
import type { JsonSchema } from './schema-rules.ts';

const options = { param: 'schema', strict: true };

/** Returns a sampler for the schema, or the message with which it is rejected. */
function samplerOf(schema: JsonSchema, strict = true): GrammarSampler | string {
  const rules = new GbnfRules();
  try {
    return new GrammarSampler(rules.text(new SchemaRules(rules, schema, { ...options, strict }).rule()));
  } catch (error) {
    if (AppError.is(error)) return error.message;
    throw error;
  }
}

/** A deterministic generator of numbers from 0 to 1. */
function numbersFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const ajv = new Ajv2020({ strict: false, logger: false, validateSchema: false });
const compiled = (schema: JsonSchema): ValidateFunction => ajv.compile(schema);

describe('the grammar of a schema', () => {
  it('generates only matching texts, for any combination of keywords', () => {
    const seen = { generated: 0, rejected: 0 };
    fc.assert(
      fc.property(schemaDocuments, fc.integer(), (schema, seed) => {
        const sampler = samplerOf(schema);
        if (typeof sampler === 'string') {
          seen.rejected += 1;
          return;
        }
        seen.generated += 1;
        const fits = compiled(schema);
        const random = numbersFrom(seed);
        for (let time = 0; time < 5; time += 1) {
          const text = sampler.sample(random);
          expect({ text, errors: fits(JSON.parse(text)) ? null : fits.errors }).toEqual({ text, errors: null });
        }
      }),
      { numRuns: 600 },
    );
    expect(seen.generated).toBeGreaterThan(150);
    expect(seen.rejected).toBeGreaterThan(15);
  });

  it('is rejected only for unsatisfiable schemas and unsupported keywords', () => {
    fc.assert(
      fc.property(schemaDocuments, fc.array(smallValues, { minLength: 50, maxLength: 50 }), (schema, values) => {
        const rejection = samplerOf(schema);
        if (typeof rejection !== 'string' || /in strict mode|is circular/.test(rejection)) return;
        expect(rejection).toMatch(/no value can match|is required|exceeds|no integer/);
        const fits = compiled(schema);
        expect(values.filter((value) => fits(value))).toEqual([]);
      }),
      { numRuns: 600 },
    );
  });
});

describe('SchemaReader', () => {
  it('accepts a value if and only if ajv does', () => {
    fc.assert(
      fc.property(schemaDocuments, fc.array(smallValues, { minLength: 10, maxLength: 10 }), (schema, values) => {
        const fits = compiled(schema);
        const reader = new SchemaReader(schema, options, new GbnfRules());
        const expected = values.map((value) => ({ value, fits: fits(value) }));
        expect(values.map((value) => ({ value, fits: reader.accepts([schema], value) }))).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });
});
