import { statSync } from 'node:fs';
import { getLlama, LlamaLogLevel } from 'node-llama-cpp';
import type { Llama } from 'node-llama-cpp';
import { boxModels, sha256Of } from './box-models.ts';
import { FileAnswerer } from './evaluation/file-answerer.ts';

const MEGABYTE = 1_000_000;

describe('the models in the box', () => {
  it('are the files that were checked in', async () => {
    for (const { path, sha256 } of Object.values(boxModels)) expect(await sha256Of(path)).toBe(sha256);
  });

  it('are small', () => {
    const bytes = Object.values(boxModels).reduce((sum, { path }) => sum + statSync(path).size, 0);
    expect(bytes).toBeLessThan(9.5 * MEGABYTE);
  });

  describe('xero-tiny', () => {
    let answerer: FileAnswerer;

    beforeAll(async () => {
      answerer = await FileAnswerer.load(boxModels.chat.path, 0);
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
      const model = await llama.loadModel({ modelPath: boxModels.embed.path });
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
