import { emptyUsage } from '@xerotier/contracts/inference';
import { PredictionCounter } from './prediction-counter.ts';

function count(predicted: readonly number[], completion: readonly number[]): [accepted: number, rejected: number] {
  const usage = emptyUsage();
  const sut = new PredictionCounter(predicted);
  for (const token of completion) sut.add(token, usage);
  return [usage.acceptedPredictionTokens, usage.rejectedPredictionTokens];
}

describe('PredictionCounter', () => {
  it('accepts all tokens of a completion that equals the prediction', () => {
    expect(count([1, 2, 3, 4], [1, 2, 3, 4])).toEqual([4, 0]);
  });

  it('rejects predicted tokens that are missing', () => {
    expect(count([1, 2, 3, 4], [7, 8, 9])).toEqual([0, 4]);
    expect(count([1, 2, 3, 4], [1, 2])).toEqual([2, 2]);
  });

  it('resumes after a changed part without counting the change', () => {
    const [accepted, rejected] = count([1, 2, 3, 4, 5, 6], [1, 2, 9, 4, 5, 6]);
    expect([accepted, accepted + rejected]).toEqual([4, 6]);
  });

  it('accepts no more tokens than were predicted, however long the completion is', () => {
    expect(count([1, 1], [1, 1, 1, 1, 1])).toEqual([2, 0]);
    expect(count([], [1, 2])).toEqual([0, 0]);
  });
});
