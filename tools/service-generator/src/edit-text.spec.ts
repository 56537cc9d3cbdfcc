import { insertAfterLast, insertBefore } from './edit-text.ts';

describe('insertAfterLast', () => {
  it('inserts after the last match', () => {
    expect(insertAfterLast('a.txt', 'a1 a2 b', /a\d/g, '+')).toBe('a1 a2+ b');
  });

  it('throws when nothing matches', () => {
    expect(() => insertAfterLast('a.txt', 'b', /a\d/g, '+')).toThrow('a.txt has no match for /a\\d/g');
  });
});

describe('insertBefore', () => {
  it('inserts before the first match', () => {
    expect(insertBefore('a.txt', 'b a1 a2', /a\d/, '+')).toBe('b +a1 a2');
  });

  it('throws when nothing matches', () => {
    expect(() => insertBefore('a.txt', 'b', /a\d/, '+')).toThrow('a.txt has no match for /a\\d/');
  });
});
