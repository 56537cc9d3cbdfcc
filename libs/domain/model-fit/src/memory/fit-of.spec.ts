import { modelShape } from '@xerotier/contracts/router';
import * as fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { shapeOfConfig } from '../shape/config-shape.ts';
import { unknownShape } from '../shape/model-shape.ts';
import { fitOf } from './fit-of.ts';
import { kvBytesPerToken, memoryOf } from './memory-of.ts';

const GIB = 2 ** 30;
const NAMES = [
  'llama-3.1-8b',
  'llama-3.1-70b',
  'gemma-3-27b',
  'deepseek-v3',
  'qwen3-next-80b-a3b',
  'jamba-v0.1',
  'bge-m3',
];

function shapeOf(name: string): ReturnType<typeof shapeOfConfig> {
  const text = readFileSync(new URL(`../../test/models/${name}.json`, import.meta.url), 'utf8');
  return shapeOfConfig((JSON.parse(text) as { config: Record<string, unknown> }).config);
}

const shapes = NAMES.map(shapeOf);
const load = fc.record({
  contextTokens: fc.integer({ min: 1, max: 1_000_000 }),
  sequences: fc.integer({ min: 1, max: 1_024 }),
  kvType: fc.constantFrom('auto' as const, 'fp8' as const),
  tensorParallel: fc.constantFrom(1, 2, 4, 8),
});

describe('memoryOf', () => {
  it('never takes less for more tokens or sequences, and never a number that cannot be', () => {
    const more = fc.record({ tokens: fc.nat(100_000), sequences: fc.nat(100) });
    fc.assert(
      fc.property(fc.constantFrom(...shapes), load, more, (shape, less, { tokens, sequences }) => {
        const { contextTokens } = less;
        const use = memoryOf(shape, less);
        const longer = memoryOf(shape, { ...less, contextTokens: contextTokens + tokens });
        const wider = memoryOf(shape, { ...less, sequences: less.sequences + sequences });
        for (const bytes of Object.values(use ?? {})) expect(Number.isSafeInteger(bytes) && bytes >= 0).toBe(true);
        expect(longer?.total).toBeGreaterThanOrEqual(use?.total ?? Infinity);
        expect(wider?.total).toBeGreaterThanOrEqual(use?.total ?? Infinity);
      }),
    );
  });

  it('counts a window only once it is full', () => {
    const shape = shapeOf('mistral-7b');
    const bytesOf = (contextTokens: number): number =>
      memoryOf(shape, { contextTokens, sequences: 1, kvType: 'auto', tensorParallel: 1 })?.kvCache ?? 0;
    expect(bytesOf(4_096)).toBe(4_096 * 131_072);
    // It begins within a block of 16.
    expect(bytesOf(32_768)).toBe(4_112 * 131_072);
  });

  it('halves the cache in 8 bits', () => {
    const shape = shapeOf('llama-3.1-8b');
    expect(kvBytesPerToken(shape, 'fp8').withinWindows * 2).toBe(kvBytesPerToken(shape, 'auto').withinWindows);
  });
});

describe('fitOf', () => {
  it('says with numbers why weights do not fit', () => {
    const fit = fitOf(shapeOf('llama-3.1-70b'), { memoryBytes: 80 * GIB, gpus: 1 });
    expect(fit).toMatchObject({ fits: false, maxContextTokens: 0, maxSequences: 0 });
    expect(fit.reasons).toEqual(['Needs 131 GiB for weights; the worker has 72 GiB of 80 GiB.']);
  });

  it('says with numbers how much of the context fits', () => {
    const fit = fitOf(shapeOf('llama-3.1-8b'), { memoryBytes: 24 * GIB, gpus: 1 });
    expect(fit.fits).toBe(false);
    expect(fit.maxContextTokens).toBeGreaterThan(30_000);
    expect(fit.maxContextTokens).toBeLessThan(50_000);
    expect(fit.reasons[0]).toContain('16 GiB for the cache of 1 x 131072 tokens');
    expect(fit.reasons[1]).toBe(`One sequence of ${fit.maxContextTokens} tokens fits.`);
  });

  it('finds exactly the context and the sequences that fit', () => {
    const gpus = fc.record({
      memoryBytes: fc.integer({ min: GIB, max: 200 * GIB }),
      gpus: fc.integer({ min: 1, max: 8 }),
    });
    const wish = fc.record({
      contextTokens: fc.integer({ min: 1, max: 8_192 }),
      sequences: fc.integer({ min: 1, max: 64 }),
    });
    fc.assert(
      fc.property(fc.constantFrom(...shapes), gpus, wish, (shape, worker, wished) => {
        const { maxContextTokens = 0, maxSequences, fits } = fitOf(shape, worker, wished);
        const fitsAt = (other: object): boolean | undefined => fitOf(shape, worker, { ...wished, ...other }).fits;
        const contextMax = shape.contextTokens ?? 0;
        if (maxContextTokens > 0) expect(fitsAt({ contextTokens: maxContextTokens, sequences: 1 })).toBe(true);
        if (maxContextTokens < contextMax)
          expect(fitsAt({ contextTokens: maxContextTokens + 1, sequences: 1 })).toBe(false);
        if (maxSequences !== undefined) expect(fits).toBe(wished.sequences <= maxSequences);
      }),
      { numRuns: 200 },
    );
  });

  it('shares a model among as many GPUs as its heads can be divided by', () => {
    const shape = shapeOf('llama-3.1-70b');
    const fit = fitOf(shape, { memoryBytes: 80 * GIB, gpus: 3 }, { contextTokens: 8_192 });
    expect(fit).toMatchObject({ fits: true, tensorParallel: 2 });
    expect(fit.reasons[0]).toBe('64 attention heads cannot be divided among 3 GPUs: 2 are used.');
  });

  it('does not promise more context than the model has', () => {
    const shape = shapeOf('qwen3-8b');
    const fit = fitOf(shape, { memoryBytes: 80 * GIB, gpus: 1 }, { contextTokens: 50_000 });
    expect(fit).toMatchObject({ fits: false, maxContextTokens: 40_960 });
    expect(fit.reasons[0]).toBe('The model has a context of 40960 tokens, not of 50000.');
  });

  it('takes nothing for requests of an encoder', () => {
    const fit = fitOf(shapeOf('bge-m3'), { memoryBytes: 8 * GIB, gpus: 1 });
    expect(fit).toMatchObject({ fits: true, maxContextTokens: 8_194, maxSequences: undefined });
    expect(fit.required).toMatchObject({ kvCache: 0, state: 0 });
  });

  it('compares the weights alone of an architecture that is not known', () => {
    const shape = unknownShape('telepath', { bytes: 100 * GIB, source: 'given' });
    const none = { maxContextTokens: undefined, maxSequences: undefined };
    expect(fitOf(shape, { memoryBytes: 80 * GIB, gpus: 1 })).toMatchObject({ fits: false, ...none });
    expect(fitOf(shape, { memoryBytes: 80 * GIB, gpus: 2 })).toMatchObject({ fits: true, ...none });
    const unknown = fitOf(unknownShape('telepath'), { memoryBytes: 80 * GIB, gpus: 1 });
    expect(unknown).toMatchObject({ fits: undefined, required: undefined });
  });

  it('reads shapes that fit the contract', () => {
    for (const shape of shapes) expect(modelShape.parse(shape)).toEqual(shape);
  });
});
