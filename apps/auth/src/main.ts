import 'reflect-metadata';
import { runService } from '@xerotier/service';
import { runCommand } from './commands/run-command.ts';
import { settings } from './config.ts';
import { start } from './start.ts';

const [command, ...args] = process.argv.slice(2);

if (command === undefined) await runService('auth', settings, start);
// Ended explicitly: a NATS that cannot be reached must not keep a finished command alive.
else process.exit(await runCommand([command, ...args], process));
