/** `npm run reset`. */
import { createInterface } from 'node:readline/promises';
import { existsSync } from 'node:fs';
import { removeState } from './presets.ts';
import { defaultStateDir as state } from './project-paths.ts';
import { stop } from './stop.ts';
import { holderOf } from './supervisor-lock.ts';

/** Removes all data and keys after a confirmation; without a terminal, --yes is required. */
export async function reset(args: readonly string[]): Promise<void> {
  const unknown = args.find((arg) => arg !== '--yes' && arg !== '-y');
  if (unknown !== undefined) throw new Error(`Unknown argument '${unknown}': npm run reset takes --yes (-y).`);
  if (!existsSync(state.root)) {
    process.stdout.write(`Nothing to remove: ${state.root} does not exist.\n`);
    return;
  }
  if (args.length === 0 && !(await isConfirmed())) {
    process.stdout.write('Nothing was removed.\n');
    process.exitCode = 1;
    return;
  }
  if ((await holderOf(state)) !== undefined) await stop();
  const left = await removeState(state);
  process.stdout.write(
    left.length === 0
      ? `Removed ${state.root}.\n`
      : `Removed the stack's data from ${state.root}. Other files were kept: ${left.join(', ')}.\n`,
  );
}

/** @throws {Error} without a terminal. */
async function isConfirmed(): Promise<boolean> {
  const what = `all data, keys and logs in ${state.root}`;
  if (!process.stdin.isTTY || !process.stdout.isTTY)
    throw new Error(
      `npm run reset removes ${what}. There is no terminal to confirm it on. To do it anyway: npm run reset -- --yes`,
    );
  const running = (await holderOf(state)) === undefined ? '' : 'The running stack will be stopped. ';
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  // Ctrl-C and the end of input mean no.
  const closed = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  const line = new Promise<string>((resolve) => terminal.once('line', resolve));
  terminal.setPrompt(`This removes ${what}. ${running}Go on? [y/N] `);
  terminal.prompt();
  const reply = await Promise.race([line, closed]);
  terminal.close();
  return /^\s*y(es)?\s*$/i.test(reply);
}
