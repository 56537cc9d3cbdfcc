/** Every text of a grammar fits its schema, and only schemas that nothing fits, or that cannot be promised, have none. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv/dist/2020.js';
import { AppError } from '@xerotier/errors';
import fc from 'fast-check';
import { GrammarTexts } from '../../testing/grammar-texts.ts';
import { schemaDocuments, smallValues } from '../../testing/json-schemas.ts';
import { GbnfRules } from './gbnf.ts';
import { SchemaReader } from './schema-reader.ts';
import { SchemaRules } from './schema-rules.ts';
import type { JsonSchema } from './schema-rules.ts';

const options = { param: 'schema', strict: true };

/** The texts of a schema, or the message with which it is rejected. */
function textsOf(schema: JsonSchema, strict = true): GrammarTexts | string {
  const rules = new GbnfRules();
  try {
    return new GrammarTexts(rules.text(new SchemaRules(rules, schema, { ...options, strict }).rule()));
  } catch (error) {
    if (AppError.is(error)) return error.message;
    throw error;
  }
}

/** Always the same numbers from 0 to 1. */
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
  it('has only texts that fit, whatever stands beside each other in the schema', () => {
    const seen = { written: 0, rejected: 0 };
    fc.assert(
      fc.property(schemaDocuments, fc.integer(), (schema, seed) => {
        const texts = textsOf(schema);
        if (typeof texts === 'string') {
          seen.rejected += 1;
          return;
        }
        seen.written += 1;
        const fits = compiled(schema);
        const random = numbersFrom(seed);
        for (let time = 0; time < 5; time += 1) {
          const text = texts.one(random);
          expect({ text, errors: fits(JSON.parse(text)) ? null : fits.errors }).toEqual({ text, errors: null });
        }
      }),
      { numRuns: 600 },
    );
    expect(seen.written).toBeGreaterThan(150);
    expect(seen.rejected).toBeGreaterThan(15);
  });

  it('is only missing where nothing fits, or where a keyword cannot be promised', () => {
    fc.assert(
      fc.property(schemaDocuments, fc.array(smallValues, { minLength: 50, maxLength: 50 }), (schema, values) => {
        const rejection = textsOf(schema);
        if (typeof rejection !== 'string' || /cannot be promised|leads back/.test(rejection)) return;
        expect(rejection).toMatch(/no value fits|is required|more than|no integer/);
        const fits = compiled(schema);
        expect(values.filter((value) => fits(value))).toEqual([]);
      }),
      { numRuns: 600 },
    );
  });
});

describe('SchemaReader', () => {
  it('accepts a value exactly if it fits, as ajv says', () => {
    fc.assert(
      fc.property(schemaDocuments, fc.array(smallValues, { minLength: 10, maxLength: 10 }), (schema, values) => {
        const fits = compiled(schema);
        const reader = new SchemaReader(schema, options, new GbnfRules());
        const said = values.map((value) => ({ value, fits: fits(value) }));
        expect(values.map((value) => ({ value, fits: reader.accepts([schema], value) }))).toEqual(said);
      }),
      { numRuns: 500 },
    );
  });
});
