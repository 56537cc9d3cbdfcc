/**
 * Reads a JSON list of texts from standard input and writes their vectors, as llama.cpp has them, to standard output.
 *
 * Usage: embed-file.ts MODEL.gguf < TEXTS.json
 */
import { text } from 'node:stream/consumers';
import { getLlama, LlamaLogLevel } from 'node-llama-cpp';

const [modelPath] = process.argv.slice(2);
if (modelPath === undefined) throw new Error('Usage: embed-file.ts MODEL.gguf < TEXTS.json');
const llama = await getLlama({
  gpu: false,
  build: 'never',
  skipDownload: true,
  logLevel: LlamaLogLevel.warn,
  maxThreads: 1,
});
const model = await llama.loadModel({ modelPath });
const context = await model.createEmbeddingContext({ contextSize: 512, batchSize: 512, threads: 1 });
const vectors: (readonly number[])[] = [];
for (const each of JSON.parse(await text(process.stdin)) as string[]) {
  vectors.push((await context.getEmbeddingFor(each)).vector);
}
process.stdout.write(JSON.stringify(vectors));
await context.dispose();
await model.dispose();
await llama.dispose();
