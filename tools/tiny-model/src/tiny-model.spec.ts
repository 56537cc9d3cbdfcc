import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getLlama, LlamaLogLevel } from 'node-llama-cpp';
import type { Llama, LlamaModel, Token } from 'node-llama-cpp';
import { encodeTinyModel, writeTinyModel } from './index.ts';

const MEBIBYTE = 2 ** 20;

describe('the tiny model', () => {
  let folder: string;
  let llama: Llama;
  let model: LlamaModel;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tiny-model-'));
    await writeTinyModel(join(folder, 'model.gguf'));
    llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.error, maxThreads: 1 });
    model = await llama.loadModel({ modelPath: join(folder, 'model.gguf') });
  });

  afterAll(async () => {
    await llama.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  async function generate(tokensMax: number, options: { temperature: number; seed?: number }): Promise<Token[]> {
    const prompt = model.tokenize('<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n', true);
    const context = await model.createContext({ contextSize: 1_024, threads: 1 });
    const tokens: Token[] = [];
    for await (const token of context.getSequence().evaluate(prompt, { ...options, topK: 0, topP: 1 })) {
      tokens.push(token);
      if (tokens.length === tokensMax) break;
    }
    await context.dispose();
    return tokens;
  }

  it('is deterministic', async () => {
    const again = encodeTinyModel();
    expect(Buffer.compare(await readFile(join(folder, 'model.gguf')), again)).toBe(0);
    expect(again.length).toBeGreaterThan(MEBIBYTE);
    expect(again.length).toBeLessThan(4 * MEBIBYTE);
  });

  it('rejects a missing folder', async () => {
    await expect(writeTinyModel(join(folder, 'missing', 'model.gguf'))).rejects.toThrow('ENOENT');
  });

  it('loads without a warning, with the documented context', () => {
    expect(model.getWarnings()).toEqual([]);
    expect(model.trainContextSize).toBe(4_096);
    expect(model.fileInfo.metadata.tokenizer.chat_template).toContain('<|im_start|>');
  });

  it('round-trips any text', () => {
    for (const text of ['the water of a river', '  two  spaces ', 'Größe 😀 漢字\n\ttab', '{"json": [1, 2.5]}']) {
      expect(model.detokenize(model.tokenize(text))).toBe(text);
    }
  });

  it('encodes common words as one token, and others as several', () => {
    expect(model.tokenize(' the water of')).toHaveLength(3);
    expect(model.tokenize(' xylophone').length).toBeGreaterThan(3);
  });

  it('generates words, and no fragments, bytes or special tokens', async () => {
    const text = model.detokenize(await generate(200, { temperature: 1, seed: 7 }), true);
    expect(text).toMatch(/^(?: [a-z]+|[.,;:!?])+$/);
  });

  it('never ends a turn at temperature 0, nor before the first token', async () => {
    expect(await generate(300, { temperature: 0 })).toHaveLength(300);
    for (let seed = 1; seed <= 20; seed += 1) {
      expect(await generate(1, { temperature: 2, seed })).toHaveLength(1);
    }
  });

  it('ends a turn at temperature 1 eventually', async () => {
    expect((await generate(1_000, { temperature: 1, seed: 7 })).length).toBeLessThan(1_000);
  });
});
