import { AppError } from '@xerotier/errors';
import { GrammarSampler } from '../../testing/grammar-sampler.ts';
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

/** Samples texts: the same ones for grammars that differ only in the names of their rules. */
function samplesOf(grammar: string): string[] {
  const sampler = new GrammarSampler(grammar);
  let state = 1;
  const random = (): number => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
  return Array.from({ length: 20 }, () => sampler.sample(random));
}

function rejection(schema: unknown, strict = true): AppError {
  try {
    grammar(schema, strict);
  } catch (error) {
    if (AppError.is(error)) return error;
    throw error;
  }
  throw new Error('it was not rejected');
}

/** Each definition has the next one in every property. */
function repeating(properties: number, definitions: number): JsonSchema {
  const next = (i: number): JsonSchema => ({ allOf: [{ $ref: `#/$defs/d${i + 1}` }] });
  const all = Array.from({ length: definitions }, (_, i) => [
    `d${i}`,
    { properties: Object.fromEntries(Array.from({ length: properties }, (__, p) => [`p${p}`, next(i)])) },
  ]);
  return { allOf: [{ $ref: '#/$defs/d0' }], $defs: { ...Object.fromEntries(all), [`d${definitions}`]: {} } };
}

/** Each choice can be combined with every choice of the others. */
function multiplying(choices: number, times: number): JsonSchema {
  const anyOf = Array.from({ length: choices }, (_, i) => ({ minimum: i }));
  return { type: 'integer', allOf: Array.from({ length: times }, () => ({ anyOf })) };
}

/** Strings of many lengths, each with its own rule. */
function lengths(count: number): JsonSchema {
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`p${i}`, { type: 'string', maxLength: 2_000 - i }]),
  );
}

describe('SchemaRules', () => {
  it.each<[string, JsonSchema]>([
    ['minimum of a number', { type: 'number', minimum: 3 }],
    ['maximum of an integer or number', { type: ['integer', 'number'], maximum: 3 }],
    ['minimum without a type', { minimum: 3 }],
    ['pattern', { type: 'string', pattern: '^a' }],
    ['patternProperties', { type: 'object', patternProperties: {} }],
    ['not', { not: { type: 'string' } }],
    ['uniqueItems', { type: 'array', uniqueItems: true }],
    ['an unknown keyword', { type: 'string', minlength: 3 }],
    ['an unknown format', { type: 'string', format: 'regex' }],
    ['a format and a length', { type: 'string', format: 'date', minLength: 50 }],
    ['a nested keyword', { type: 'object', properties: { a: { items: { multipleOf: 2 } } } }],
    ['a keyword next to a reference', { $ref: '#/$defs/a', pattern: '^a', $defs: { a: { type: 'string' } } }],
    ['a keyword in a referenced schema', { $ref: '#/$defs/a', $defs: { a: { type: 'string', pattern: '^a' } } }],
    ['a keyword next to anyOf', { anyOf: [{ type: 'string' }], not: { const: 'a' } }],
    ['a keyword next to enum', { enum: ['a', 'b'], pattern: '^a' }],
    ['nullable, which is not a JSON Schema keyword', { type: 'string', nullable: true }],
    ['two formats', { type: 'string', format: 'date', allOf: [{ format: 'email' }] }],
    ['overlapping choices of oneOf', { oneOf: [{ type: 'integer' }, { type: 'number' }] }],
    ['indistinguishable choices of oneOf', { oneOf: [{ properties: { a: {} } }, { required: ['a'] }] }],
  ])('rejects %s in strict mode only, and names the parameter', (_, schema) => {
    const { code, param, message } = rejection(schema);
    expect([code, param]).toEqual(['request.invalid', 'response_format.json_schema.schema']);
    expect(message).toMatch(/in strict mode/);
    expect(() => grammar(schema, false)).not.toThrow();
  });

  it.each<[string, unknown, RegExp]>([
    ['an unknown type', { type: 'text' }, /unknown type 'text'/],
    ['an unresolvable reference', { $ref: '#/$defs/a' }, /cannot be resolved/],
    ['an external reference', { $ref: 'https://example.test/a' }, /part of the same schema/],
    ['an invalid schema', { items: 5 }, /must be an object/],
    ['an invalid reference', { $ref: 5 }, /\$ref must be a string/],
    ['an enum that is not an array', { enum: 'a' }, /enum must be an array/],
    ['an anyOf that is not an array', { anyOf: { type: 'string' } }, /anyOf must be an array/],
    ['a required that is not an array', { type: 'object', required: 'a' }, /required must be an array/],
    ['a required name that is not a string', { type: 'object', required: [1] }, /array of strings/],
    ['an empty list of types', { type: [] }, /no value can match/],
    ['a required property with the schema false', { properties: { a: false }, required: ['a'] }, /no value can match/],
    [
      'a reference and a contradictory type',
      { $ref: '#/$defs/a', type: 'integer', $defs: { a: { type: 'string' } } },
      /no value can match/,
    ],
    [
      'a required name that another part does not allow',
      { properties: { a: {} }, required: ['a'], allOf: [{ properties: {}, additionalProperties: false }] },
      /no value can match/,
    ],
    ['an empty anyOf', { anyOf: [] }, /no value can match/],
    ['contradictory parts', { allOf: [{ type: 'string' }, { type: 'null' }] }, /no value can match/],
    ['values that contradict the type', { type: 'string', enum: [1, 2] }, /no value can match/],
    ['a negative length', { type: 'string', maxLength: -1 }, /maxLength/],
    ['an excessive length', { type: 'string', minLength: 1_000_000 }, /minLength/],
    ['a minLength above maxLength', { type: 'string', minLength: 3, maxLength: 1 }, /minLength exceeds/],
    ['a minItems above maxItems', { type: 'array', minItems: 3, maxItems: 1 }, /minItems exceeds/],
    [
      'contradictory bounds of two parts',
      { type: 'string', allOf: [{ minLength: 3 }, { maxLength: 1 }] },
      /minLength exceeds/,
    ],
    ['a minItems above the possible items', { prefixItems: [{}], items: false, minItems: 2 }, /minItems exceeds/],
    [
      'a definition that refers to itself',
      { allOf: [{ $ref: '#/$defs/a' }], $defs: { a: { $ref: '#/$defs/a' } } },
      /is circular/,
    ],
    ['a reference to itself', { $ref: '#' }, /is circular/],
    ['a choice that refers to its own schema', { anyOf: [{ $ref: '#' }, { type: 'string' }] }, /is circular/],
    [
      'circular references',
      {
        properties: { x: { $ref: '#/$defs/a' } },
        $defs: { a: { anyOf: [{ $ref: '#/$defs/b' }] }, b: { anyOf: [{ $ref: '#/$defs/a' }] } },
      },
      /is circular/,
    ],
    [
      'a required name that is not allowed',
      { properties: { a: {} }, required: ['z'], additionalProperties: false },
      /'z' is required/,
    ],
    ['properties that are an array', { type: 'object', properties: [] }, /properties must be/],
    ['choices that multiply', multiplying(8, 14), /too large/],
    ['too many repetitions', { type: 'object', properties: lengths(60) }, /too large/],
    ['an empty range of integers', { type: 'integer', minimum: 3, exclusiveMaximum: 3 }, /no integer/],
    ['a bound that is not a number', { type: 'integer', exclusiveMinimum: true }, /must be a number/],
    ['excessive nesting', nested(40), /levels deep/],
  ])('rejects %s, strict or not', (_, schema, message) => {
    expect(rejection(schema).message).toMatch(message);
    expect(rejection(schema, false).message).toMatch(message);
  });

  it.each<[string, JsonSchema, string]>([
    ['inclusive', { minimum: 3, maximum: 5 }, '[3-5]'],
    ['exclusive', { exclusiveMinimum: 3, exclusiveMaximum: 6 }, '[4-5]'],
    ['both', { minimum: 3, exclusiveMinimum: 3.5, maximum: 5.5, exclusiveMaximum: 9 }, '[4-5]'],
  ])('enforces the bounds of an integer, strict or not: %s', (_, bounds, range) => {
    for (const strict of [true, false])
      expect(grammar({ type: 'integer', ...bounds }, strict)).toBe(`root ::= integer-0\ninteger-0 ::= ${range}`);
    expect(grammar({ type: ['integer', 'null'], ...bounds })).toContain(range);
  });

  it('creates one rule for a schema that is referenced many times', () => {
    expect(grammar(repeating(8, 14)).split('\n').length).toBeLessThan(500);
  });

  it('treats null as an omitted keyword', () => {
    const nothing = {
      properties: null,
      required: null,
      enum: null,
      anyOf: null,
      items: null,
      additionalProperties: null,
    };
    expect(grammar({ type: 'object', ...nothing })).toBe(grammar({ type: 'object' }));
    expect(grammar({ const: null })).toContain('"null"');
  });

  it.each<[string, JsonSchema, JsonSchema]>([
    ['values', { enum: ['p', 'q', 7] }, { enum: ['p', 'q'] }],
    ['a constant', { const: 'p' }, { const: 'p' }],
    ['a bound', { maxLength: 3 }, { type: 'string', maxLength: 3 }],
    ['a choice', { anyOf: [{ maxLength: 3 }, { type: 'null' }] }, { type: 'string', maxLength: 3 }],
    ['a description', { description: 'A text.', default: 'a' }, { type: 'string' }],
  ])('combines a reference with %s, strict or not', (_, additional, same) => {
    for (const strict of [true, false])
      expect(grammar({ $ref: '#/$defs/a', ...additional, $defs: { a: { type: 'string' } } }, strict)).toBe(
        grammar(same, strict),
      );
  });

  it.each<[string, JsonSchema, JsonSchema]>([
    ['a type and values', { type: ['string', 'null'], enum: ['a', 1, null] }, { enum: ['a', null] }],
    ['values and a constant', { enum: ['a', 'b'], const: 'b' }, { const: 'b' }],
    ['values and bounds', { enum: [1, 2, 3], minimum: 2 }, { enum: [2, 3] }],
    [
      'values and properties',
      { enum: [{ a: 1 }, { a: 'x' }], properties: { a: { type: 'string' } } },
      { const: { a: 'x' } },
    ],
    [
      'values and a choice',
      { enum: [1, 'a', null], anyOf: [{ type: 'string' }, { type: 'null' }] },
      { enum: ['a', null] },
    ],
    ['values and exactly one choice', { enum: [1, 2, 3], oneOf: [{ maximum: 2 }, { minimum: 2 }] }, { enum: [1, 3] }],
    ['values and parts', { enum: ['a', 'abc'], allOf: [{ minLength: 2 }, { type: 'string' }] }, { const: 'abc' }],
    [
      'properties and a choice',
      { type: 'object', properties: { a: { type: 'null' } }, anyOf: [{ required: ['a'] }] },
      { type: 'object', properties: { a: { type: 'null' } }, required: ['a'] },
    ],
    [
      'required and parts',
      { type: 'object', required: ['a'], allOf: [{ properties: { a: { type: 'null' } } }] },
      { type: 'object', properties: { a: { type: 'null' } }, required: ['a'] },
    ],
    [
      'properties of two parts',
      {
        allOf: [
          { properties: { a: { type: ['null', 'string'] } } },
          { properties: { a: { type: ['null', 'boolean'] } } },
        ],
      },
      { type: 'object', properties: { a: { type: 'null' } } },
    ],
    [
      'additional properties and the properties of another part',
      {
        properties: { a: { type: ['null', 'string'] } },
        required: ['a'],
        allOf: [{ additionalProperties: { type: 'null' } }],
      },
      { properties: { a: { type: 'null' } }, required: ['a'] },
    ],
    [
      'additional properties and required',
      { type: 'object', required: ['a'], additionalProperties: { type: 'null' } },
      { properties: { a: { type: 'null' } }, required: ['a'] },
    ],
    [
      'items and the prefixItems of another part',
      { items: { type: ['null', 'string'] }, allOf: [{ prefixItems: [{ type: ['null', 'boolean'] }], items: false }] },
      { prefixItems: [{ type: 'null' }], items: false },
    ],
    [
      'bounds and the type of another part',
      { minimum: 3, maximum: 5, allOf: [{ type: 'integer' }] },
      { type: 'integer', minimum: 3, maximum: 5 },
    ],
    ['a schema and true', { allOf: [true, { type: 'null' }] }, { type: 'null' }],
    ['a choice and false', { anyOf: [false, { type: 'null' }] }, { type: 'null' }],
    [
      'an optional property with the schema false',
      { properties: { a: false, b: { type: 'null' } } },
      { properties: { b: { type: 'null' } } },
    ],
    ['items with the schema false', { type: 'array', items: false }, { type: 'array', maxItems: 0 }],
  ])('combines %s', (_, schema, same) => {
    expect(samplesOf(grammar(schema))).toEqual(samplesOf(grammar(same)));
  });

  it('resolves references next to other keywords, chained and recursive ones', () => {
    const $defs = {
      a: { $ref: '#/$defs/b', minLength: 2 },
      b: { $ref: '#/$defs/c', maxLength: 3 },
      c: { type: 'string' },
      node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } } },
      named: {
        type: 'object',
        properties: { name: { const: 1 }, next: { $ref: '#/$defs/named' } },
        required: ['name'],
      },
    };
    expect(grammar({ $ref: '#/$defs/a', $defs })).toBe(grammar({ type: 'string', minLength: 2, maxLength: 3 }));
    expect(grammar({ allOf: [{ $ref: '#/$defs/node' }, { $ref: '#/$defs/named' }], $defs })).toContain('definition-');
  });

  it('accepts realistic numbers of oneOf choices, strict or not, and rejects more', () => {
    const kinds = (count: number): JsonSchema[] =>
      Array.from({ length: count }, (_, at) => ({
        type: 'object',
        properties: { kind: { const: `kind ${at}` }, text: { type: 'string' } },
        required: ['kind', 'text'],
        additionalProperties: false,
      }));
    const titled = Array.from({ length: 250 }, (_, at) => ({ const: at, title: `Number ${at}` }));
    for (const strict of [true, false])
      for (const oneOf of [kinds(100), titled]) expect(grammar({ oneOf }, strict)).toMatch(/ \| .* \| /);
    expect(rejection({ oneOf: kinds(400) }).message).toMatch(/too large: they need more than \d+ comparisons/);
  });

  it('accepts choices of oneOf that differ in types, values, bounds or required properties', () => {
    const kind = (name: string): JsonSchema => ({
      type: 'object',
      properties: { kind: { const: name } },
      required: ['kind'],
    });
    const named = (name: string): JsonSchema => ({ type: 'object', properties: { [name]: {} }, required: [name] });
    for (const oneOf of [
      [{ type: 'string' }, { type: 'null' }],
      [{ enum: ['a', 'b'] }, { const: 'c' }],
      [
        { type: 'integer', maximum: 3 },
        { type: 'integer', exclusiveMinimum: 3 },
      ],
      [
        { type: 'string', maxLength: 3 },
        { type: 'string', minLength: 4 },
      ],
      [kind('a'), kind('b')],
      [named('a'), named('b')],
      [{ $ref: '#/$defs/a' }, { type: 'array' }],
    ])
      expect(grammar({ oneOf, $defs: { a: kind('a') } })).toBe(grammar({ anyOf: oneOf, $defs: { a: kind('a') } }));
  });

  it('generates no properties if a schema allows none, and any if it does not restrict them', () => {
    const empty = 'root ::= empty-0\nempty-0 ::= "{}"';
    for (const strict of [true, false]) {
      for (const schema of [{ properties: {} }, { additionalProperties: false }, { properties: { a: false } }])
        expect(grammar({ type: 'object', ...schema }, strict)).toBe(empty);
      for (const schema of [{}, { additionalProperties: true }, { properties: {}, additionalProperties: true }])
        expect(grammar({ type: 'object', ...schema }, strict)).toContain('pair-');
      expect(grammar({ type: 'object', properties: {}, additionalProperties: { type: 'null' } }, strict)).toContain(
        'map-',
      );
    }
  });

  it('accepts a recursive schema', () => {
    const tree = {
      type: 'object',
      properties: { children: { type: 'array', items: { $ref: '#' } } },
      required: ['children'],
    };
    expect(grammar(tree)).toContain('definition-');
  });

  it('resolves percent-encoded references', () => {
    expect(grammar({ $ref: '#/$defs/a~1b%20c', $defs: { 'a/b c': { type: 'null' } } })).toContain('"null"');
    expect(grammar({ $ref: '#/$defs/100%', $defs: { '100%': { type: 'null' } } })).toContain('"null"');
  });

  it('stays small for an object with many optional properties', () => {
    const properties = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`p${at}`, { type: 'string' }]));
    expect(grammar({ type: 'object', properties }).length).toBeLessThan(100_000);
  });

  it('rejects an oversized grammar instead of building it', () => {
    const properties = Object.fromEntries(Array.from({ length: 3_000 }, (_, at) => [`p${at}`, { type: 'string' }]));
    expect(rejection({ type: 'object', properties }).message).toMatch(/too large/);
  });

  it('omits unsatisfiable choices, as long as there are others', () => {
    const text = { type: 'string', minLength: 1, maxLength: 3 };
    for (const impossible of [{ type: 'null' }, { minLength: 5 }, { enum: [1] }])
      expect(grammar({ ...text, anyOf: [{ minLength: 2 }, impossible] })).toBe(
        grammar({ ...text, anyOf: [{ minLength: 2 }] }),
      );
    expect(grammar({ type: ['string', 'integer'], minimum: 5, maximum: 3 }, false)).toBe(grammar({ type: 'string' }));
    expect(rejection({ ...text, anyOf: [{ type: 'null' }, { minLength: 5 }] }).message).toMatch(/no value can match/);
  });

  it('rejects every reference to an unsatisfiable definition', () => {
    const never = { type: 'string', minLength: 3, maxLength: 1 };
    const reference = { $ref: '#/$defs/never' };
    const schema = { anyOf: [reference, { type: 'array', items: reference }, { type: 'null' }], $defs: { never } };
    expect(grammar(schema)).toContain('"null"');
    expect(rejection({ anyOf: [reference, reference], $defs: { never } }).message).toMatch(/minLength exceeds/);
  });
});

function nested(levels: number): unknown {
  return levels === 0 ? { type: 'string' } : { type: 'array', items: nested(levels - 1) };
}
