import fc from 'fast-check';
import { decodeOpenings, encodeOpenings, OPENINGS_MAX, SharedInput } from './shared-input.ts';

const opening = fc.record({
  id: fc.nat(2 ** 48 - 1),
  // The names are fields of a contract, and no field is called `__proto__`.
  input: fc.dictionary(
    fc.string().filter((name) => name !== '__proto__'),
    fc.oneof(fc.string(), fc.integer(), fc.boolean()),
  ),
});

describe('encodeOpenings and decodeOpenings', () => {
  it('round-trip the streams and their own inputs in one line', () => {
    fc.assert(
      fc.property(fc.array(opening, { minLength: 1, maxLength: OPENINGS_MAX }), (openings) => {
        const header = encodeOpenings(openings);
        expect(header).not.toMatch(/[\r\n]/);
        expect(JSON.stringify(decodeOpenings(header))).toBe(JSON.stringify(openings));
      }),
    );
  });

  it.each(['', 'x', '[]', '{}', '[{"id":-1,"input":{}}]', '[{"id":1}]', '[{"id":1,"input":[]}]'])(
    'return undefined for %j',
    (header) => {
      expect(decodeOpenings(header)).toBeUndefined();
    },
  );

  it('return undefined for more streams than a message may open', () => {
    const openings = Array.from({ length: OPENINGS_MAX + 1 }, (_, id) => ({ id, input: {} }));
    expect(decodeOpenings(encodeOpenings(openings))).toBeUndefined();
  });
});

describe('SharedInput', () => {
  it('is serialized once', () => {
    let times = 0;
    const shared = new SharedInput({ toJSON: () => `${(times += 1)}` });
    expect(shared.bytes).toBe(shared.bytes);
    expect(times).toBe(1);
  });
});
