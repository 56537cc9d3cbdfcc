import { readFileSync, statSync } from 'node:fs';
import { getLlama, LlamaLogLevel } from 'node-llama-cpp';
import type { Llama } from 'node-llama-cpp';
import { bundledModels, sha256Of } from './bundled-models.ts';
import { FileAnswerer } from './evaluation/file-answerer.ts';
import { cardPart, modelCardPath, withCardPart } from './model-card.ts';
import { factsTable, modelFacts } from './model-facts.ts';

const MEGABYTE = 1_000_000;

describe('bundled models', () => {
  it('are the files that were checked in', async () => {
    for (const { path, sha256 } of Object.values(bundledModels)) expect(await sha256Of(path)).toBe(sha256);
  });

  it('are small', () => {
    const bytes = Object.values(bundledModels).reduce((sum, { path }) => sum + statSync(path).size, 0);
    expect(bytes).toBeLessThan(9.5 * MEGABYTE);
  });

  it('have the context that their files say, here and in what Compose seeds', async () => {
    const compose = readFileSync(new URL('../../../docker-compose.yml', import.meta.url), 'utf8');
    const anchors = new Map([...compose.matchAll(/&(\S+-model) (\S+)/g)].map(([, anchor, id]) => [anchor, id]));
    const seeded = [...compose.matchAll(/SEED_MODEL_ID: \*(\S+)\n +SEED_CONTEXT_TOKENS: '(\d+)'/g)];
    const seededTokens = new Map(seeded.map(([, anchor, tokens]) => [anchors.get(anchor), Number(tokens)]));
    for (const { id, path, contextTokens } of Object.values(bundledModels)) {
      const { contextTokens: ofFile } = await modelFacts(path);
      expect({ id, here: contextTokens, seeded: seededTokens.get(id) }).toEqual({ id, here: ofFile, seeded: ofFile });
    }
  });

  it('are on the model card as their files say (npm run card -w tools/bundled-models)', async () => {
    const card = readFileSync(modelCardPath, 'utf8');
    expect(cardPart(card, 'files')).toBe(await factsTable());
    expect(cardPart(card, 'evaluation')).toMatch(/^\| Family +\| Items \|/);
    const other = withCardPart(card, 'files', 'other');
    expect(cardPart(other, 'files')).toBe('other');
    expect(cardPart(other, 'evaluation')).toBe(cardPart(card, 'evaluation'));
    expect(() => cardPart('no marks', 'files')).toThrow(/has no place/);
  });

  describe('xero-tiny', () => {
    let answerer: FileAnswerer;

    beforeAll(async () => {
      answerer = await FileAnswerer.load(bundledModels.chat.path, 0);
    });

    afterAll(() => answerer.close());

    const answerTo = async (content: string): Promise<string> =>
      (await answerer.answer({ family: '', messages: [{ role: 'user', content }], expect: { kind: 'says' } })).content;

    it('knows the capital of France, and that it does not know everything', async () => {
      expect(await answerTo('What is the capital of France?')).toBe('The capital of France is Paris.');
      expect(await answerTo('What is the stock price of Zorvanel?')).toContain('do not know');
    });
  });

  describe('xero-embed', () => {
    let llama: Llama;

    beforeAll(async () => {
      llama = await getLlama({
        gpu: false,
        build: 'never',
        skipDownload: true,
        logLevel: LlamaLogLevel.error,
        maxThreads: 1,
      });
    });

    afterAll(() => llama.dispose());

    it('puts sentences of one meaning nearer than others', async () => {
      const model = await llama.loadModel({ modelPath: bundledModels.embed.path });
      const context = await model.createEmbeddingContext({ contextSize: 256, threads: 1 });
      const [one, same, other] = [
        await context.getEmbeddingFor('How can I get a new password?'),
        await context.getEmbeddingFor('I forgot my password'),
        await context.getEmbeddingFor('The cat is sleeping'),
      ];
      expect(one.calculateCosineSimilarity(same)).toBeGreaterThan(one.calculateCosineSimilarity(other) + 0.2);
      await context.dispose();
      await model.dispose();
    });
  });
});
