import { Random } from '../random.ts';
import { aPair } from './paraphrases.ts';
import type { Pair } from './paraphrases.ts';

function pairs(split: 'train' | 'held-out', count: number): Pair[] {
  const random = new Random(1);
  return Array.from({ length: count }, () => aPair(random, split));
}

describe('aPair', () => {
  it('is the same from the same seed', () => {
    expect(pairs('train', 20)).toEqual(pairs('train', 20));
  });

  it('puts no thing into a frame that is held out with it', () => {
    const known = new Set(pairs('train', 3_000).flatMap(({ kind, meaning }) => (kind === 'thing' ? [meaning] : [])));
    const heldOut = pairs('held-out', 500).filter(({ kind }) => kind === 'thing');
    expect(heldOut.length).toBeGreaterThan(100);
    expect(heldOut.filter(({ meaning }) => known.has(meaning))).toEqual([]);
  });

  it('leaves no place of a thing unfilled', () => {
    for (const { texts } of pairs('train', 500)) for (const text of texts) expect(text).not.toMatch(/\bX\b/);
  });
});
