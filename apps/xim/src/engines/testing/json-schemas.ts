/** Arbitrary JSON schemas with all keywords that a grammar supports, alone and combined, for property tests. */
import fc from 'fast-check';

type Schema = Readonly<Record<string, unknown>>;

const TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'];

/** There are few names and values, so that schemas often overlap. */
const name = fc.constantFrom('a', 'b', 'c');
const constant = fc.oneof(
  fc.constantFrom<unknown>(0, 1, 2.5, true, null, '', 'a', 'ab', [], [1], {}, { a: 1 }, { a: 'a', b: null }),
);
const count = fc.nat({ max: 3 });

/** Values that often match such schemas. */
export const smallValues: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    constant,
    fc.integer({ min: -3, max: 9 }),
    fc.string({ maxLength: 4 }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;

const type = fc.oneof(
  fc.constantFrom(...TYPES),
  fc.uniqueArray(fc.constantFrom(...TYPES), { minLength: 1, maxLength: 5 }),
);

/** Schemas of one keyword, or of some related ones, alone or combined with others. */
const { schema } = fc.letrec<{ schema: Schema; inner: unknown; keywords: Schema }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    { weight: 2, arbitrary: tie('keywords') },
    { weight: 2, arbitrary: fc.tuple(tie('keywords'), tie('keywords')).map(merged) },
    { weight: 1, arbitrary: fc.tuple(tie('keywords'), tie('keywords'), tie('keywords')).map(merged) },
  ),
  inner: fc.oneof({ weight: 9, arbitrary: tie('schema') }, { weight: 1, arbitrary: fc.boolean() }),
  keywords: fc.oneof(
    { maxDepth: 4 },
    type.map((types) => ({ type: types })),
    fc
      .uniqueArray(constant, { minLength: 1, maxLength: 6, selector: (value) => JSON.stringify(value) })
      .map((values) => ({ enum: values })),
    constant.map((value) => ({ const: value })),
    fc.tuple(count, count).map(([min, more]) => ({ type: 'string', minLength: min, maxLength: min + more })),
    fc
      .tuple(fc.integer({ min: -3, max: 3 }), count)
      .map(([minimum, more]) => ({ type: 'integer', minimum, exclusiveMaximum: minimum + more + 1 })),
    fc.constantFrom<Schema>({ $ref: '#/$defs/leaf' }, { $ref: '#/$defs/tree' }, { $ref: '#/$defs/list' }),
    fc.array(tie('inner'), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
    fc.array(tie('inner'), { minLength: 1, maxLength: 3 }).map((oneOf) => ({ oneOf })),
    fc.array(tie('inner'), { minLength: 1, maxLength: 2 }).map((allOf) => ({ allOf })),
    fc
      .dictionary(name, tie('inner'), { maxKeys: 3, noNullPrototype: true })
      .map((properties) => ({ type: 'object', properties })),
    fc.uniqueArray(name, { maxLength: 2 }).map((required) => ({ type: 'object', required })),
    fc.oneof(fc.boolean(), tie('inner')).map((additionalProperties) => ({ type: 'object', additionalProperties })),
    tie('inner').map((items) => ({ type: 'array', items })),
    fc.array(tie('inner'), { minLength: 1, maxLength: 2 }).map((prefixItems) => ({ type: 'array', prefixItems })),
    fc.tuple(count, count).map(([min, more]) => ({ type: 'array', minItems: min, maxItems: min + more })),
  ),
}));

/** Merges the schemas; of a duplicate keyword, the last one remains. */
function merged(schemas: readonly Schema[]): Schema {
  return Object.assign({}, ...schemas) as Schema;
}

/** Schemas with definitions, one of which is recursive. */
export const schemaDocuments: fc.Arbitrary<Schema> = fc.tuple(schema, schema).map(([root, leaf]) => ({
  ...root,
  $defs: {
    // A reference to itself would be circular.
    leaf: JSON.parse(JSON.stringify(leaf).replace(/#\/\$defs\/leaf/g, '#/$defs/list')) as Schema,
    list: { type: ['array', 'null', 'integer'], items: { type: ['integer', 'string'], maxLength: 2 }, maxItems: 2 },
    tree: {
      type: 'object',
      properties: {
        a: { type: ['integer', 'string'], maxLength: 2 },
        b: { anyOf: [{ $ref: '#/$defs/tree' }, { type: 'null' }] },
      },
      required: ['b'],
    },
  },
}));
