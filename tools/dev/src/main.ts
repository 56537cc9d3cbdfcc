/** The commands of the embedded stack: start, stop, status, reset. */
import { start } from './start.ts';
import { reset, status, stop } from './stop.ts';

const commands: Record<string, (args: readonly string[]) => Promise<void>> = { start, stop, status, reset };

const [name = '', ...args] = process.argv.slice(2);
const command = commands[name];
if (command === undefined) {
  process.stderr.write(`Unknown command '${name}'. There are ${Object.keys(commands).join(', ')}.\n`);
  process.exit(2);
}
try {
  await command(args);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
