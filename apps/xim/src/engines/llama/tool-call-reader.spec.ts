import fc from 'fast-check';
import { splitIntoPieces } from '../testing/split-into-pieces.ts';
import { ToolCallReader } from './tool-call-reader.ts';

/** Returns the emitted name and arguments of a tool call in these pieces. */
function read(pieces: readonly string[]): { name: string | undefined; arguments: string } {
  const reader = new ToolCallReader();
  const out = pieces.flatMap((piece) => reader.push(piece) ?? []);
  return { name: out[0]?.name, arguments: out.map((piece) => piece.arguments).join('') };
}

describe('ToolCallReader', () => {
  it('emits name and arguments verbatim, wherever the text is split', () => {
    const calls = fc.record({
      name: fc.stringMatching(/^[a-zA-Z0-9_-]{1,20}$/),
      arguments: fc.dictionary(fc.string(), fc.jsonValue()),
    });
    fc.assert(
      fc.property(
        calls,
        fc.array(fc.nat({ max: 12 }), { minLength: 1 }),
        fc.constantFrom('', ' '),
        (call, sizes, space) => {
          const values = JSON.stringify(call.arguments);
          const text = `\n{"name":${space}"${call.name}",${space}"arguments":${space}${values}}\n`;
          expect(read(splitIntoPieces(text, sizes))).toEqual({ name: call.name, arguments: values });
        },
      ),
    );
  });

  it('emits the name once, before the arguments are complete', () => {
    const reader = new ToolCallReader();
    expect(reader.push('{"name": "get_')).toBeUndefined();
    expect(reader.push('weather", "arguments": {"ci')).toEqual({ name: 'get_weather', arguments: '{"ci' });
    expect(reader.push('ty": "Bern"')).toEqual({ arguments: 'ty": "Bern"' });
  });

  it('emits nothing for text that is not a tool call', () => {
    expect(read(['I would rather ', 'not'])).toEqual({ name: undefined, arguments: '' });
    expect(read(['{"arguments": {}, "name": "x"}'])).toEqual({ name: undefined, arguments: '' });
  });
});
