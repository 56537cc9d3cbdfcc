import { Vocabulary } from './vocabulary.ts';
import type { VocabularyTables } from './vocabulary.ts';

function texts(tables: VocabularyTables): string[] {
  const vocabulary = new Vocabulary(tables, (token) => `token ${token}`);
  return tables.tokens.map((_, token) => Buffer.from(vocabulary.bytesOf(token)).toString('latin1'));
}

describe('Vocabulary', () => {
  it('decodes spaces and byte tokens of a SentencePiece vocabulary', () => {
    const tables = {
      model: 'llama',
      tokens: ['<unk>', '<s>', '<0xE4>', '▁the', '<0x0A>'],
      token_type: [2, 3, 6, 1, 1],
    };
    expect(texts(tables)).toEqual(['', '', '\xe4', ' the', '<0x0A>']);
  });

  it('decodes a byte-level vocabulary', () => {
    expect(texts({ model: 'gpt2', tokens: ['Ġthe', 'Ċ', 'ä', 'ð'] })).toEqual([' the', '\n', '\xe4', '\xf0']);
  });

  it('maps every byte of a byte-level vocabulary to its own character', () => {
    const everyCharacter = Array.from({ length: 0x180 }, (_, code) => String.fromCharCode(code));
    const bytes = new Set(texts({ model: 'gpt2', tokens: everyCharacter }).filter((text) => text !== '?'));
    expect(bytes.size).toBe(255);
  });

  it('returns user-defined tokens of a byte-level vocabulary verbatim', () => {
    const vocabulary = new Vocabulary({ model: 'gpt2', tokens: ['<think>é'], token_type: [4] }, () => '');
    expect(Buffer.from(vocabulary.bytesOf(0)).toString()).toBe('<think>é');
  });

  it('uses the library for an unknown kind of vocabulary', () => {
    expect(texts({ model: 'rwkv', tokens: ['a', 'b'] })).toEqual(['token 0', 'token 1']);
  });

  it('returns no bytes for a token that does not exist', () => {
    expect(new Vocabulary({ model: 'llama', tokens: ['a'] }, () => '').bytesOf(7)).toHaveLength(0);
  });

  it('lists only the texts of control tokens, longest first', () => {
    const tables = { model: 'gpt2', tokens: ['<a>', 'b', '<think>', '<long>'], token_type: [3, 1, 4, 3] };
    expect(new Vocabulary(tables, () => '').controlTexts).toEqual(['<long>', '<a>']);
  });
});
