/** The commands of the embedded stack. */
import { doctor } from './doctor.ts';
import { logs } from './logs.ts';
import { queues } from './queues.ts';
import { reset } from './reset.ts';
import { start } from './start.ts';
import { status } from './status.ts';
import { stop } from './stop.ts';
import { UsageError } from './worker-options.ts';
import { worker } from './worker.ts';

const commands: Record<string, (args: readonly string[]) => Promise<void>> = {
  start,
  stop,
  status,
  reset,
  logs,
  queues,
  worker,
  doctor,
};

const [name = '', ...args] = process.argv.slice(2);
const command = commands[name];
if (command === undefined) {
  process.stderr.write(`Unknown command '${name}'. Expected one of: ${Object.keys(commands).join(', ')}.\n`);
  process.exit(2);
}
try {
  await command(args);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(error instanceof UsageError ? 2 : 1);
}
