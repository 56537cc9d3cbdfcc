/** The model file of the llama.cpp specs, written by the command that `npm start` uses, too. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const COMMAND = fileURLToPath(new URL('../../../../../tools/tiny-model/src/main.ts', import.meta.url));

/** Writes a model file into the folder. @returns its path. */
export async function writeTinyModelFile(folder: string): Promise<string> {
  const path = join(folder, 'tiny.gguf');
  await promisify(execFile)(process.execPath, [COMMAND, path]);
  return path;
}
