import fc from 'fast-check';
import { Utf8Assembler } from './utf8-assembler.ts';

function assemble(pieces: readonly Uint8Array[]): string[] {
  const assembler = new Utf8Assembler();
  return pieces.map((piece) => assembler.push(piece));
}

function split(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let from = 0;
  for (let i = 0; from < bytes.length; i += 1) {
    const length = lengths[i % lengths.length] ?? 1;
    pieces.push(bytes.slice(from, from + length));
    from += length;
  }
  return pieces;
}

const unicode = fc.string({
  unit: fc.oneof(fc.constantFrom('\u{feff}', '�', '漢', 'é', '😀'), fc.constantFrom('a', ' ')),
});
const lengths = fc
  .array(fc.integer({ min: 0, max: 5 }), { minLength: 1 })
  .filter((all) => all.some((length) => length > 0));

describe('Utf8Assembler', () => {
  it('decodes any text, wherever its bytes are split', () => {
    fc.assert(
      fc.property(fc.oneof(unicode, fc.string({ unit: 'binary' })), lengths, (text, at) => {
        fc.pre(text.isWellFormed());
        expect(assemble(split(Buffer.from(text), at)).join('')).toBe(text);
      }),
    );
  });

  it('emits a character with its last byte and not before', () => {
    const bytes = Buffer.from('a漢');
    expect(assemble([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(['a', '', '', '漢']);
  });

  it('emits U+FFFD only for invalid bytes', () => {
    expect(assemble([Uint8Array.of(0xe6), Uint8Array.of(0x41)])).toEqual(['', '�A']);
    expect(assemble([Uint8Array.of(0xff, 0x41)])).toEqual(['�A']);
  });

  it('never emits an incomplete character', () => {
    expect(assemble([Uint8Array.of(0x41, 0xf0, 0x9f)])).toEqual(['A']);
  });
});
