import 'reflect-metadata';
import { runProcess } from '@xerotier/process';
import { runCommand } from './commands/run-command.ts';
import { settings } from './config.ts';
import { start } from './start.ts';

const [command, ...args] = process.argv.slice(2);

if (command === undefined) await runProcess('auth', settings, start);
// Ended explicitly: a NATS that cannot be reached must not keep a finished command alive.
else process.exit(await runCommand([command, ...args], process));
