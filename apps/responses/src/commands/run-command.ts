/** The subcommands of the responses service: what a deployment does before it starts the service. */
import { ConfigError, loadConfig } from '@xerotier/config';
import { createLogger } from '@xerotier/log';
import type { Logger } from '@xerotier/log';
import { migrateSettings } from '../config.ts';
import { migrateResponsesDatabase } from '../db/database.ts';

const USAGE = `usage: node dist/main.js [command]

  (no command)   serves until it is told to stop
  migrate        brings the database schema up to date
`;

/** What a command writes and reads: of the process, or of a test. */
export interface CommandIo {
  readonly stderr: { write(text: string): unknown };
  readonly env: NodeJS.ProcessEnv;
}

const commands: Readonly<Record<string, (io: CommandIo, log: Logger) => Promise<void>>> = {
  migrate: async ({ env }, log) => {
    await migrateResponsesDatabase(loadConfig(migrateSettings, env).database, log);
  },
};

/** @returns the exit code: 0, 1 when it failed, 2 when it was called wrongly. */
export async function runCommand([name = '', ...args]: readonly string[], io: CommandIo): Promise<number> {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined || args.length > 0) {
    io.stderr.write(
      `responses: ${command === undefined ? `there is no command '${name}'` : `${name} takes no arguments`}\n${USAGE}`,
    );
    return 2;
  }
  const log = createLogger({ service: 'responses', destination: { write: (line) => void io.stderr.write(line) } });
  try {
    await command(io, log);
    return 0;
  } catch (error) {
    if (error instanceof ConfigError) io.stderr.write(`responses ${name}: ${error.message}\n`);
    else log.error('the command failed', { command: name, error });
    return 1;
  }
}
