/** The subcommands of the auth service: what an operator does by hand, or a deployment before it starts the service. */
import { ConfigError } from '@xerotier/config';
import { AppError } from '@xerotier/errors';
import { createLogger } from '@xerotier/log';
import type { Logger } from '@xerotier/log';
import type { CommandIo } from './command-io.ts';
import { CommandError, UsageError } from './command-io.ts';
import { runKeysCommand } from './keys.command.ts';
import { runMigrateCommand } from './migrate.command.ts';
import { SeedError } from '../seed/seed.service.ts';
import { runSeedCommand } from './seed.command.ts';

const USAGE = `usage: node dist/main.js [command]

  (no command)                   serves until it is told to stop
  migrate                        brings the database schema up to date
  seed                           migrates, then reads a JSON document from standard input:
                                 { "team": { "name" }, "project": { "id"?, "name", "slug" },
                                   "endpoints": [{ "slug", "modelId", "tier" }],
                                   "keys": [{ "name", "scopes", "value" }] }
                                 and prints { "projectId": "..." }; or, with exit code 1,
                                 { "endedKeys": ["..."] } when keys of these names were
                                 revoked or rotated, and nothing has changed
  keys revoke <id>               ends an API key at once
  keys rotate <id> [grace-hours] prints a new value; the old one counts on for 24 hours, or 0 to 168
`;

type Command = (args: readonly string[], io: CommandIo, log: Logger) => Promise<void>;

const commands: Readonly<Record<string, Command>> = {
  migrate: runMigrateCommand,
  seed: runSeedCommand,
  keys: runKeysCommand,
};

/**
 * Runs one command. Results go to standard output, everything else to standard error.
 * @returns the exit code: 0, 1 when it failed, 2 when it was called wrongly.
 */
export async function runCommand([name = '', ...args]: readonly string[], io: CommandIo): Promise<number> {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    io.stderr.write(`auth: there is no command '${name}'\n${USAGE}`);
    return 2;
  }
  const log = createLogger({ service: 'auth', destination: { write: (line) => void io.stderr.write(line) } });
  try {
    await command(args, io, log);
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      io.stderr.write(`auth ${name}: ${error.message}\n${USAGE}`);
      return 2;
    }
    io.stderr.write(`auth ${name}: ${reasonOf(error)}\n`);
    if (!isExpected(error)) log.error('the command failed', { command: name, error });
    return 1;
  }
}

/** Whether the message says all there is to know; anything else is a defect, and its stack is of use. */
function isExpected(error: unknown): boolean {
  return (
    AppError.is(error) || error instanceof ConfigError || error instanceof CommandError || error instanceof SeedError
  );
}

/** The message with those of its causes, from the outside in. */
function reasonOf(error: unknown): string {
  const reasons: string[] = [];
  for (let at = error; at instanceof Error; at = at.cause) {
    const { message } = at;
    if (!reasons.some((reason) => reason.includes(message))) reasons.push(message);
  }
  return reasons.join(' Because: ') || String(error);
}
