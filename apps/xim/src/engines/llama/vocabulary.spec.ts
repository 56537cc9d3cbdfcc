import { Vocabulary } from './vocabulary.ts';
import type { VocabularyTables } from './vocabulary.ts';

function texts(tables: VocabularyTables): string[] {
  const vocabulary = new Vocabulary(tables, (token) => `token ${token}`);
  return tables.tokens.map((_, token) => Buffer.from(vocabulary.bytesOf(token)).toString('latin1'));
}

describe('Vocabulary', () => {
  it('reads spaces and named bytes of a SentencePiece vocabulary', () => {
    const tables = {
      model: 'llama',
      tokens: ['<unk>', '<s>', '<0xE4>', '▁the', '<0x0A>'],
      token_type: [2, 3, 6, 1, 1],
    };
    expect(texts(tables)).toEqual(['', '', '\xe4', ' the', '<0x0A>']);
  });

  it('reads the bytes of a byte-level vocabulary', () => {
    expect(texts({ model: 'gpt2', tokens: ['Ġthe', 'Ċ', 'ä', 'ð'] })).toEqual([' the', '\n', '\xe4', '\xf0']);
  });

  it('maps every byte of a byte-level vocabulary to its own character', () => {
    const everyCharacter = Array.from({ length: 0x180 }, (_, code) => String.fromCharCode(code));
    const bytes = new Set(texts({ model: 'gpt2', tokens: everyCharacter }).filter((text) => text !== '?'));
    expect(bytes.size).toBe(255);
  });

  it('takes tokens that a user added to a byte-level vocabulary as they are', () => {
    const vocabulary = new Vocabulary({ model: 'gpt2', tokens: ['<think>é'], token_type: [4] }, () => '');
    expect(Buffer.from(vocabulary.bytesOf(0)).toString()).toBe('<think>é');
  });

  it('asks the library about a kind of vocabulary that it does not know', () => {
    expect(texts({ model: 'rwkv', tokens: ['a', 'b'] })).toEqual(['token 0', 'token 1']);
  });

  it('has no text for a token that does not exist', () => {
    expect(new Vocabulary({ model: 'llama', tokens: ['a'] }, () => '').bytesOf(7)).toHaveLength(0);
  });

  it('lists the texts of control tokens, longest first, and of no others', () => {
    const tables = { model: 'gpt2', tokens: ['<a>', 'b', '<think>', '<long>'], token_type: [3, 1, 4, 3] };
    expect(new Vocabulary(tables, () => '').controlTexts).toEqual(['<long>', '<a>']);
  });
});
