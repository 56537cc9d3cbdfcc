import fc from 'fast-check';
import { customToolArguments, customToolInput } from './custom-tools.ts';

it('gives a custom tool the text that its arguments have', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (input) => {
      expect(customToolInput(customToolArguments(input))).toBe(input.toWellFormed());
    }),
  );
});

it.each(['', '{"input": "cut o', '{"input": 5}', '{"other": "a"}', 'null', '[]', 'text'])(
  'gives it %j as it is',
  (text) => {
    expect(customToolInput(text)).toBe(text);
  },
);
