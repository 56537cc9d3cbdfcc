/**
 * Asks a model file directly, without a server: greedy answers to the given questions, or to a few of each kind.
 *
 * Usage: try-model.ts MODEL.gguf [QUESTION ...]
 */
import { getLlama, LlamaLogLevel } from 'node-llama-cpp';
import { renderPrompt } from './chat-template.ts';

const [modelPath, ...questions] = process.argv.slice(2);
if (modelPath === undefined) throw new Error('Usage: try-model.ts MODEL.gguf [QUESTION ...]');
const llama = await getLlama({
  gpu: false,
  build: 'never',
  skipDownload: true,
  logLevel: LlamaLogLevel.warn,
  maxThreads: 1,
});
const model = await llama.loadModel({ modelPath });
const context = await model.createContext({ contextSize: 1_024, threads: 1 });
const sequence = context.getSequence();

const usual = [
  'What is the capital of France?',
  'Hello!',
  'Who are you?',
  'What is 47 + 38?',
  'Write a poem about the sea.',
];
for (const question of questions.length > 0 ? questions : usual) {
  await sequence.clearHistory();
  const tokens = model.tokenize(renderPrompt([{ role: 'user', content: question }]), true);
  const reply = [];
  const from = performance.now();
  for await (const token of sequence.evaluate(tokens, { temperature: 0 })) {
    reply.push(token);
    if (reply.length === 200) break;
  }
  const perSecond = Math.round((reply.length * 1_000) / (performance.now() - from));
  console.log(`> ${question}\n${model.detokenize(reply, true)}  (${reply.length} tokens, ${perSecond} per second)\n`);
}
await context.dispose();
await model.dispose();
await llama.dispose();
