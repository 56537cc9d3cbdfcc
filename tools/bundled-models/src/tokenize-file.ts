/**
 * Reads a JSON list of texts from standard input and writes their tokens, as llama.cpp has them, to standard output. The
 * trainer's own tokens are compared with these (python/check_tokenizer.py): a difference would not fail anywhere, the
 * model would only be worse.
 *
 * Usage: tokenize-file.ts MODEL.gguf < TEXTS.json
 */
import { text } from 'node:stream/consumers';
import { getLlama, LlamaLogLevel } from 'node-llama-cpp';

const [modelPath] = process.argv.slice(2);
if (modelPath === undefined) throw new Error('Usage: tokenize-file.ts MODEL.gguf < TEXTS.json');
const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true, logLevel: LlamaLogLevel.warn });
const model = await llama.loadModel({ modelPath, vocabOnly: true });
const texts = JSON.parse(await text(process.stdin)) as string[];
process.stdout.write(JSON.stringify(texts.map((each) => model.tokenize(each, true))));
await model.dispose();
await llama.dispose();
