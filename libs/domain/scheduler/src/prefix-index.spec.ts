import fc from 'fast-check';
import { PrefixIndex } from './prefix-index.ts';

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, at) => from + at);

describe('PrefixIndex', () => {
  it('knows how much of a prompt a worker has had', () => {
    const index = new PrefixIndex(100);
    index.add('a', [1, 2, 3, 4]);
    expect(index.matching('a', [1, 2, 3, 4])).toBe(4);
    expect(index.matching('a', [1, 2, 9, 10])).toBe(2);
    expect(index.matching('a', [9, 20, 30])).toBe(0);
    expect(index.matching('a', [])).toBe(0);
    expect(index.matching('b', [1, 2])).toBe(0);
  });

  it('forgets the ends of the prompts that were used least recently', () => {
    const index = new PrefixIndex(6);
    index.add('a', [1, 2, 3, 4]);
    index.add('a', [1, 2, 10, 11]);
    index.add('a', [20]);
    expect(index.matching('a', [1, 2, 3, 4])).toBe(3);
    expect(index.matching('a', [1, 2, 10, 11])).toBe(4);
    expect(index.matching('a', [20])).toBe(1);
  });

  it('keeps the beginning of a prompt that is longer than all that it may remember', () => {
    const index = new PrefixIndex(5);
    index.add('a', range(0, 20));
    expect(index.matching('a', range(0, 20))).toBe(5);
  });

  it('forgets a worker that is gone', () => {
    const index = new PrefixIndex(100);
    index.add('a', [1, 2]);
    index.removeWorker('a');
    expect(index.matching('a', [1])).toBe(0);
  });

  it('learns from what engines report how much they hold', () => {
    const index = new PrefixIndex(10_000);
    for (let prompt = 0; prompt < 100; prompt += 1) index.add('a', range(prompt * 100, prompt * 100 + 20));
    expect(index.matching('a', range(0, 20))).toBe(20);
    // It held half of what it was believed to hold: about 1,000 blocks.
    for (let report = 0; report < 7; report += 1) index.learn('a', 20, 0);
    expect(index.matching('a', range(4_000, 4_020))).toBe(0);
    expect(index.matching('a', range(9_900, 9_920))).toBe(20);
    // It can hold more than was believed.
    for (let report = 0; report < 60; report += 1) index.learn('a', 20, 20);
    for (let prompt = 100; prompt < 200; prompt += 1) index.add('a', range(prompt * 100, prompt * 100 + 20));
    expect(index.matching('a', range(10_000, 10_020))).toBe(20);
  });

  it('learns nothing from prompts that were expected to be new, and nothing of unknown workers', () => {
    const index = new PrefixIndex(100);
    index.learn('a', 10, 0);
    index.add('a', range(0, 90));
    for (let report = 0; report < 50; report += 1) index.learn('a', 0, 0);
    expect(index.matching('a', range(0, 90))).toBe(90);
  });

  it('finds the same as a search from the beginning, whatever is added', () => {
    // Prompts are paths of a tree: a block says everything before it.
    const path = fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 8 }).map((steps) => {
      let node = 0;
      return steps.map((step) => (node = node * 4 + step + 1));
    });
    fc.assert(
      fc.property(fc.array(path, { maxLength: 30 }), path, fc.integer({ min: 1, max: 40 }), (added, asked, max) => {
        const index = new PrefixIndex(max);
        for (const each of added) index.add('a', each);
        const known = index.matching('a', asked);
        for (let length = 1; length <= asked.length; length += 1)
          expect(index.matching('a', asked.slice(0, length))).toBe(Math.min(length, known));
      }),
    );
  });
});
