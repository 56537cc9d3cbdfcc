import { AppError } from '@xerotier/errors';
import { GbnfRules } from './gbnf.ts';
import { SchemaRules } from './schema-rules.ts';
import type { JsonSchema } from './schema-rules.ts';

function grammar(schema: unknown, strict = true): string {
  const rules = new GbnfRules();
  const root = new SchemaRules(rules, schema as JsonSchema, {
    param: 'response_format.json_schema.schema',
    strict,
  }).rule();
  return rules.text(root);
}

function refusal(schema: unknown, strict = true): AppError {
  try {
    grammar(schema, strict);
  } catch (error) {
    if (AppError.is(error)) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

/** Each of so many definitions has the next one in every property. */
function multiplying(properties: number, definitions: number): JsonSchema {
  const next = (i: number): JsonSchema => ({ allOf: [{ $ref: `#/$defs/d${i + 1}` }] });
  const all = Array.from({ length: definitions }, (_, i) => [
    `d${i}`,
    { properties: Object.fromEntries(Array.from({ length: properties }, (__, p) => [`p${p}`, next(i)])) },
  ]);
  return { allOf: [{ $ref: '#/$defs/d0' }], $defs: { ...Object.fromEntries(all), [`d${definitions}`]: {} } };
}

/** Texts of many lengths: each is a rule of its own. */
function lengths(count: number): JsonSchema {
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`p${i}`, { type: 'string', maxLength: 2_000 - i }]),
  );
}

describe('SchemaRules', () => {
  it.each<[string, JsonSchema]>([
    ['minimum of a fraction', { type: 'number', minimum: 3 }],
    ['maximum of an integer or a fraction', { type: ['integer', 'number'], maximum: 3 }],
    ['minimum of anything', { minimum: 3 }],
    ['pattern', { type: 'string', pattern: '^a' }],
    ['patternProperties', { type: 'object', patternProperties: {} }],
    ['not', { not: { type: 'string' } }],
    ['uniqueItems', { type: 'array', uniqueItems: true }],
    ['an unknown keyword', { type: 'string', minlength: 3 }],
    ['an unknown format', { type: 'string', format: 'regex' }],
    ['a format and a length', { type: 'string', format: 'date', minLength: 50 }],
    ['a nested one', { type: 'object', properties: { a: { items: { multipleOf: 2 } } } }],
  ])('refuses %s in a strict schema, names the parameter, and lets it pass in others', (_, schema) => {
    const { code, param, message } = refusal(schema);
    expect([code, param]).toEqual(['request.invalid', 'response_format.json_schema.schema']);
    expect(message).toMatch(/cannot be promised/);
    expect(() => grammar(schema, false)).not.toThrow();
  });

  it.each<[string, unknown, RegExp]>([
    ['a type that there is not', { type: 'text' }, /no type 'text'/],
    ['a reference to nothing', { $ref: '#/$defs/a' }, /points to nothing/],
    ['a reference to elsewhere', { $ref: 'https://example.test/a' }, /does not point into the schema/],
    ['a schema that is none', { items: 5 }, /must be an object/],
    ['no choice', { anyOf: [] }, /nothing|without anything/],
    ['parts that contradict each other', { allOf: [{ type: 'string' }, { type: 'null' }] }, /without anything/],
    ['values that its own type rules out', { type: 'string', enum: [1, 2] }, /without anything/],
    ['a count that is none', { type: 'string', maxLength: -1 }, /maxLength/],
    ['a count that is too large', { type: 'string', minLength: 1_000_000 }, /minLength/],
    ['a string that is longer than it may be', { type: 'string', minLength: 3, maxLength: 1 }, /minLength is more/],
    ['a list that is longer than it may be', { type: 'array', minItems: 3, maxItems: 1 }, /minItems is more/],
    [
      'bounds that cross only together',
      { type: 'string', allOf: [{ minLength: 3 }, { maxLength: 1 }] },
      /minLength is more/,
    ],
    ['a list of more items than there are', { prefixItems: [{}], items: false, minItems: 2 }, /minItems is more/],
    [
      'a definition that is itself',
      { allOf: [{ $ref: '#/$defs/a' }], $defs: { a: { $ref: '#/$defs/a' } } },
      /levels deep/,
    ],
    ['a reference to itself', { $ref: '#' }, /leads back/],
    ['a choice that is itself', { anyOf: [{ $ref: '#' }, { type: 'string' }] }, /leads back/],
    [
      'references in a circle',
      {
        properties: { x: { $ref: '#/$defs/a' } },
        $defs: { a: { anyOf: [{ $ref: '#/$defs/b' }] }, b: { anyOf: [{ $ref: '#/$defs/a' }] } },
      },
      /leads back/,
    ],
    [
      'a required name that is not allowed',
      { properties: { a: {} }, required: ['z'], additionalProperties: false },
      /'z' is required/,
    ],
    ['properties that are a list', { type: 'object', properties: [] }, /properties must be/],
    ['references that multiply', multiplying(8, 14), /too large/],
    ['repetitions without end', { type: 'object', properties: lengths(60) }, /too large/],
    ['a range of integers without any', { type: 'integer', minimum: 3, exclusiveMaximum: 3 }, /no integer/],
    ['a bound that is none', { type: 'integer', exclusiveMinimum: true }, /must be a number/],
    ['a nesting without end', nested(40), /levels deep/],
  ])('refuses %s, strict or not', (_, schema, message) => {
    expect(refusal(schema).message).toMatch(message);
    expect(refusal(schema, false).message).toMatch(message);
  });

  it.each<[string, JsonSchema, string]>([
    ['included', { minimum: 3, maximum: 5 }, '[3-5]'],
    ['excluded', { exclusiveMinimum: 3, exclusiveMaximum: 6 }, '[4-5]'],
    ['both', { minimum: 3, exclusiveMinimum: 3.5, maximum: 5.5, exclusiveMaximum: 9 }, '[4-5]'],
  ])('keeps the bounds of an integer, strict or not: %s', (_, bounds, range) => {
    for (const strict of [true, false])
      expect(grammar({ type: 'integer', ...bounds }, strict)).toBe(`root ::= integer-0\ninteger-0 ::= ${range}`);
    expect(grammar({ type: ['integer', 'null'], ...bounds })).toContain(range);
  });

  it('takes a schema that refers to itself', () => {
    const tree = {
      type: 'object',
      properties: { children: { type: 'array', items: { $ref: '#' } } },
      required: ['children'],
    };
    expect(grammar(tree)).toContain('definition-');
  });

  it('finds definitions by names with percent codes', () => {
    expect(grammar({ $ref: '#/$defs/a~1b%20c', $defs: { 'a/b c': { type: 'null' } } })).toContain('"null"');
    expect(grammar({ $ref: '#/$defs/100%', $defs: { '100%': { type: 'null' } } })).toContain('"null"');
  });

  it('stays small for an object of many optional properties', () => {
    const properties = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`p${at}`, { type: 'string' }]));
    expect(grammar({ type: 'object', properties }).length).toBeLessThan(100_000);
  });

  it('refuses a grammar without end instead of making it', () => {
    const properties = Object.fromEntries(Array.from({ length: 3_000 }, (_, at) => [`p${at}`, { type: 'string' }]));
    expect(refusal({ type: 'object', properties }).message).toMatch(/too large/);
  });

  it('leaves out choices that nothing fits, as long as there are others', () => {
    const text = { type: 'string', minLength: 1, maxLength: 3 };
    for (const impossible of [{ type: 'null' }, { minLength: 5 }, { enum: [1] }])
      expect(grammar({ ...text, anyOf: [{ minLength: 2 }, impossible] })).toBe(
        grammar({ ...text, anyOf: [{ minLength: 2 }] }),
      );
    expect(grammar({ type: ['string', 'integer'], minimum: 5, maximum: 3 }, false)).toBe(grammar({ type: 'string' }));
    expect(refusal({ ...text, anyOf: [{ type: 'null' }, { minLength: 5 }] }).message).toMatch(
      /without anything|more than/,
    );
  });

  it('fails again for a definition that nothing fits, wherever it is referred to', () => {
    const never = { type: 'string', minLength: 3, maxLength: 1 };
    const reference = { $ref: '#/$defs/never' };
    const schema = { anyOf: [reference, { type: 'array', items: reference }, { type: 'null' }], $defs: { never } };
    expect(grammar(schema)).toContain('"null"');
    expect(refusal({ anyOf: [reference, reference], $defs: { never } }).message).toMatch(/minLength is more/);
  });
});

function nested(levels: number): unknown {
  return levels === 0 ? { type: 'string' } : { type: 'array', items: nested(levels - 1) };
}
