import { emptyUsage } from '@xerotier/contracts/inference';
import { PredictionTally } from './prediction-tally.ts';

function tally(predicted: readonly number[], completion: readonly number[]): [accepted: number, rejected: number] {
  const usage = emptyUsage();
  const sut = new PredictionTally(predicted);
  for (const token of completion) sut.add(token, usage);
  return [usage.acceptedPredictionTokens, usage.rejectedPredictionTokens];
}

describe('PredictionTally', () => {
  it('accepts all of an answer that came as predicted', () => {
    expect(tally([1, 2, 3, 4], [1, 2, 3, 4])).toEqual([4, 0]);
  });

  it('rejects what did not come', () => {
    expect(tally([1, 2, 3, 4], [7, 8, 9])).toEqual([0, 4]);
    expect(tally([1, 2, 3, 4], [1, 2])).toEqual([2, 2]);
  });

  it('goes on after a changed part, and does not count the change', () => {
    const [accepted, rejected] = tally([1, 2, 3, 4, 5, 6], [1, 2, 9, 4, 5, 6]);
    expect([accepted, accepted + rejected]).toEqual([4, 6]);
  });

  it('accepts no more than was predicted, however long the answer is', () => {
    expect(tally([1, 1], [1, 1, 1, 1, 1])).toEqual([2, 0]);
    expect(tally([], [1, 2])).toEqual([0, 0]);
  });
});
