import { AppError } from '@xerotier/errors';
import { GrammarTexts } from '../../testing/grammar-texts.ts';
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

/** Many texts of a grammar: the same for grammars that differ in nothing but the names of their rules. */
function textsIn(grammar: string): string[] {
  const texts = new GrammarTexts(grammar);
  let state = 1;
  const random = (): number => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
  return Array.from({ length: 20 }, () => texts.one(random));
}

function rejection(schema: unknown, strict = true): AppError {
  try {
    grammar(schema, strict);
  } catch (error) {
    if (AppError.is(error)) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

/** Each of so many definitions has the next one in every property. */
function repeating(properties: number, definitions: number): JsonSchema {
  const next = (i: number): JsonSchema => ({ allOf: [{ $ref: `#/$defs/d${i + 1}` }] });
  const all = Array.from({ length: definitions }, (_, i) => [
    `d${i}`,
    { properties: Object.fromEntries(Array.from({ length: properties }, (__, p) => [`p${p}`, next(i)])) },
  ]);
  return { allOf: [{ $ref: '#/$defs/d0' }], $defs: { ...Object.fromEntries(all), [`d${definitions}`]: {} } };
}

/** Every choice of each may come with every choice of the others. */
function multiplying(choices: number, times: number): JsonSchema {
  const anyOf = Array.from({ length: choices }, (_, i) => ({ minimum: i }));
  return { type: 'integer', allOf: Array.from({ length: times }, () => ({ anyOf })) };
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
    ['one beside a reference', { $ref: '#/$defs/a', pattern: '^a', $defs: { a: { type: 'string' } } }],
    ['one within a reference', { $ref: '#/$defs/a', $defs: { a: { type: 'string', pattern: '^a' } } }],
    ['one beside a choice', { anyOf: [{ type: 'string' }], not: { const: 'a' } }],
    ['one beside values', { enum: ['a', 'b'], pattern: '^a' }],
    ['nullable, which is no keyword of JSON Schema', { type: 'string', nullable: true }],
    ['two formats', { type: 'string', format: 'date', allOf: [{ format: 'email' }] }],
    ['choices of oneOf that overlap', { oneOf: [{ type: 'integer' }, { type: 'number' }] }],
    ['choices of oneOf that may be told apart by nothing', { oneOf: [{ properties: { a: {} } }, { required: ['a'] }] }],
  ])('refuses %s in a strict schema, names the parameter, and lets it pass in others', (_, schema) => {
    const { code, param, message } = rejection(schema);
    expect([code, param]).toEqual(['request.invalid', 'response_format.json_schema.schema']);
    expect(message).toMatch(/cannot be promised/);
    expect(() => grammar(schema, false)).not.toThrow();
  });

  it.each<[string, unknown, RegExp]>([
    ['a type that there is not', { type: 'text' }, /no type 'text'/],
    ['a reference to nothing', { $ref: '#/$defs/a' }, /points to nothing/],
    ['a reference to elsewhere', { $ref: 'https://example.test/a' }, /does not point into the schema/],
    ['a schema that is none', { items: 5 }, /must be an object/],
    ['a reference that is none', { $ref: 5 }, /\$ref must be a string/],
    ['values that are no list', { enum: 'a' }, /enum must be an array/],
    ['choices that are no list', { anyOf: { type: 'string' } }, /anyOf must be an array/],
    ['a required name that is no list', { type: 'object', required: 'a' }, /required must be an array/],
    ['a required name that is none', { type: 'object', required: [1] }, /array of strings/],
    ['no type', { type: [] }, /no value fits/],
    ['a required property that is nothing', { properties: { a: false }, required: ['a'] }, /no value fits/],
    [
      'a reference and a type that contradict each other',
      { $ref: '#/$defs/a', type: 'integer', $defs: { a: { type: 'string' } } },
      /no value fits/,
    ],
    [
      'a name that another part does not allow',
      { properties: { a: {} }, required: ['a'], allOf: [{ properties: {}, additionalProperties: false }] },
      /no value fits/,
    ],
    ['no choice', { anyOf: [] }, /no value fits/],
    ['parts that contradict each other', { allOf: [{ type: 'string' }, { type: 'null' }] }, /no value fits/],
    ['values that its own type rules out', { type: 'string', enum: [1, 2] }, /no value fits/],
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
      /leads back/,
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
    ['choices that multiply', multiplying(8, 14), /too large/],
    ['repetitions without end', { type: 'object', properties: lengths(60) }, /too large/],
    ['a range of integers without any', { type: 'integer', minimum: 3, exclusiveMaximum: 3 }, /no integer/],
    ['a bound that is none', { type: 'integer', exclusiveMinimum: true }, /must be a number/],
    ['a nesting without end', nested(40), /levels deep/],
  ])('refuses %s, strict or not', (_, schema, message) => {
    expect(rejection(schema).message).toMatch(message);
    expect(rejection(schema, false).message).toMatch(message);
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

  it('needs a rule once for what is referred to many times', () => {
    expect(grammar(repeating(8, 14)).split('\n').length).toBeLessThan(500);
  });

  it('takes null for a keyword that was left out', () => {
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
  ])('keeps both of a reference and %s, strict or not', (_, beside, same) => {
    for (const strict of [true, false])
      expect(grammar({ $ref: '#/$defs/a', ...beside, $defs: { a: { type: 'string' } } }, strict)).toBe(
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
      'what is required and parts',
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
      'additional properties and those that only another part names',
      {
        properties: { a: { type: ['null', 'string'] } },
        required: ['a'],
        allOf: [{ additionalProperties: { type: 'null' } }],
      },
      { properties: { a: { type: 'null' } }, required: ['a'] },
    ],
    [
      'additional properties and what is only required',
      { type: 'object', required: ['a'], additionalProperties: { type: 'null' } },
      { properties: { a: { type: 'null' } }, required: ['a'] },
    ],
    [
      'items and the list that another part begins',
      { items: { type: ['null', 'string'] }, allOf: [{ prefixItems: [{ type: ['null', 'boolean'] }], items: false }] },
      { prefixItems: [{ type: 'null' }], items: false },
    ],
    [
      'bounds and a type that another part has',
      { minimum: 3, maximum: 5, allOf: [{ type: 'integer' }] },
      { type: 'integer', minimum: 3, maximum: 5 },
    ],
    ['a schema and true', { allOf: [true, { type: 'null' }] }, { type: 'null' }],
    ['a choice and false', { anyOf: [false, { type: 'null' }] }, { type: 'null' }],
    [
      'an optional property that is nothing',
      { properties: { a: false, b: { type: 'null' } } },
      { properties: { b: { type: 'null' } } },
    ],
    ['items that are nothing', { type: 'array', items: false }, { type: 'array', maxItems: 0 }],
  ])('keeps both of %s', (_, schema, same) => {
    expect(textsIn(grammar(schema))).toEqual(textsIn(grammar(same)));
  });

  it('follows references beside other keywords, in a chain and in a circle of objects', () => {
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

  it('takes as many choices of oneOf as people write, strict or not, and refuses to compare more', () => {
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

  it('takes choices of oneOf that types, values, bounds or required properties tell apart', () => {
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

  it('writes no properties where a schema says that there are none, and any where it says nothing', () => {
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
    expect(rejection({ type: 'object', properties }).message).toMatch(/too large/);
  });

  it('leaves out choices that nothing fits, as long as there are others', () => {
    const text = { type: 'string', minLength: 1, maxLength: 3 };
    for (const impossible of [{ type: 'null' }, { minLength: 5 }, { enum: [1] }])
      expect(grammar({ ...text, anyOf: [{ minLength: 2 }, impossible] })).toBe(
        grammar({ ...text, anyOf: [{ minLength: 2 }] }),
      );
    expect(grammar({ type: ['string', 'integer'], minimum: 5, maximum: 3 }, false)).toBe(grammar({ type: 'string' }));
    expect(rejection({ ...text, anyOf: [{ type: 'null' }, { minLength: 5 }] }).message).toMatch(/no value fits/);
  });

  it('fails again for a definition that nothing fits, wherever it is referred to', () => {
    const never = { type: 'string', minLength: 3, maxLength: 1 };
    const reference = { $ref: '#/$defs/never' };
    const schema = { anyOf: [reference, { type: 'array', items: reference }, { type: 'null' }], $defs: { never } };
    expect(grammar(schema)).toContain('"null"');
    expect(rejection({ anyOf: [reference, reference], $defs: { never } }).message).toMatch(/minLength is more/);
  });
});

function nested(levels: number): unknown {
  return levels === 0 ? { type: 'string' } : { type: 'array', items: nested(levels - 1) };
}
