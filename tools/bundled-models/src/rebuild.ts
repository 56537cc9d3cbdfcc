/**
 * `npm run rebuild -w tools/bundled-models`: both models from nothing. It makes a Python environment, writes the text, trains
 * the tokenizer and the models, exports them, checks them against the trainer, and writes the checksums. README.md says
 * how long that takes. What was made before is kept in `.cache/`, so a run that was interrupted goes on where it was.
 *
 * Usage: rebuild.ts [--chat-minutes 120] [--embed-minutes 8] [--conversations 500000] [--work FOLDER]
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { TRAINING_TOKENS } from './model-facts.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values: options } = parseArgs({
  options: {
    'chat-minutes': { type: 'string', default: '120' },
    'embed-minutes': { type: 'string', default: '8' },
    conversations: { type: 'string', default: '500000' },
    work: { type: 'string', default: join(root, '.cache') },
  },
});
const work = options.work;
const inWork = (...names: string[]): string => join(work, ...names);
const inPython = (name: string): string => join(root, 'python', name);
const python = inWork('venv', 'bin', 'python');
const model = (name: string): string => join(root, 'models', name);

await mkdir(work, { recursive: true });
await mkdir(join(root, 'models'), { recursive: true });

await make('the Python environment', inWork('venv', 'ready'), async () => {
  await run('python3', '-m', 'venv', inWork('venv'));
  await run(python, '-m', 'pip', 'install', '--quiet', '-r', inPython('requirements.txt'));
  await writeFile(inWork('venv', 'ready'), '');
});
await make('the conversations', inWork('train.jsonl'), () => source('generate.ts', work, options.conversations));
await make('the sentence pairs', inWork('pairs.jsonl'), () => source('generate-pairs.ts', work));
await make('the tokenizer', inWork('tokenizer.json'), () =>
  run(python, inPython('tokenizer.py'), inWork('train.jsonl'), inWork('tokenizer.json')),
);
await make('the tokens', inWork('tokens.npz'), () =>
  run(python, inPython('encode.py'), work, inWork('tokenizer.json'), String(TRAINING_TOKENS.chat)),
);
await make('xero-tiny', inWork('chat', 'finished'), async () => {
  const flags = ['--data', inWork('tokens.npz'), '--out', inWork('chat'), '--minutes', options['chat-minutes']];
  await run(python, inPython('train.py'), ...flags);
  await writeFile(inWork('chat', 'finished'), '');
});
await make('xero-embed', inWork('embed', 'checkpoint.pt'), () => {
  const flags = ['--pairs', inWork('pairs.jsonl'), '--tokenizer', inWork('tokenizer.json'), '--out', inWork('embed')];
  return run(python, inPython('train_embed.py'), ...flags, '--minutes', options['embed-minutes']);
});

console.log('Exporting and checking');
await exportModel('chat', 'xero-tiny.gguf');
await exportModel('embed', 'xero-embed.gguf');
await run(python, inPython('check_tokenizer.py'), model('xero-tiny.gguf'), inWork('tokenizer.json'), work);
await run(
  python,
  inPython('check_embeddings.py'),
  model('xero-embed.gguf'),
  inWork('embed', 'checkpoint.pt'),
  inWork('tokenizer.json'),
  inWork('held-out-pairs.jsonl'),
);
await run('node', join(root, 'src', 'checksums.ts'));
await source('write-card.ts');
await source('evaluate.ts', '--file', model('xero-tiny.gguf'));

/** A step is left out when its result is there. */
async function make(what: string, result: string, step: () => Promise<void>): Promise<void> {
  if (existsSync(result)) {
    console.log(`There already: ${what}`);
    return;
  }
  console.log(`Making ${what}`);
  await step();
}

function exportModel(kind: 'chat' | 'embed', file: string): Promise<void> {
  return run(
    python,
    inPython('export_gguf.py'),
    kind,
    inWork(kind, 'checkpoint.pt'),
    inWork('tokenizer.json'),
    model(file),
  );
}

function source(program: string, ...args: string[]): Promise<void> {
  return run('node', join(root, 'src', program), ...args);
}

/** @throws an Error when the program fails; its output is shown as it comes. */
function run(program: string, ...args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: 'inherit' });
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} ${args[0] ?? ''} failed.`));
    });
  });
}
