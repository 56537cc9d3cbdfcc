/** Keeps chat completions that were asked for with `store: true`, unreadable for whoever has the database alone. */
import 'reflect-metadata';
import { runProcess } from '@xerotier/process';
import { runCommand } from './commands/run-command.ts';
import { settings } from './config.ts';
import { start } from './start.ts';

const [command, ...args] = process.argv.slice(2);

if (command === undefined) await runProcess('responses', settings, start);
else process.exit(await runCommand([command, ...args], process));
