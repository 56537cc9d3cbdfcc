import { rotated } from './rounds.ts';

describe('rotated', () => {
  it('lets each target begin in turn and keeps the circle', () => {
    const rounds = [0, 1, 2, 3].map((round) => rotated(['a', 'b', 'c'], round).join(''));
    expect(rounds).toEqual(['abc', 'bca', 'cab', 'abc']);
  });

  it('has nothing to turn without targets', () => {
    expect(rotated([], 2)).toEqual([]);
  });
});
