import { rotated } from './rounds.ts';

describe('rotated', () => {
  it('rotates the first element and keeps the order', () => {
    const rounds = [0, 1, 2, 3].map((round) => rotated(['a', 'b', 'c'], round).join(''));
    expect(rounds).toEqual(['abc', 'bca', 'cab', 'abc']);
  });

  it('returns an empty list for an empty list', () => {
    expect(rotated([], 2)).toEqual([]);
  });
});
