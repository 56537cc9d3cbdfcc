/** `node tools/tiny-model/src/main.ts <out.gguf>` */
import { resolve } from 'node:path';
import { writeTinyModel } from './tiny-model.ts';

const [target, ...rest] = process.argv.slice(2);
if (target === undefined || rest.length > 0) {
  process.stderr.write('Usage: node tools/tiny-model/src/main.ts <out.gguf>\n');
  process.exit(2);
}
await writeTinyModel(resolve(target));
process.stdout.write(`Wrote a model with random weights to ${resolve(target)}\n`);
