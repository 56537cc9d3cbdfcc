/** The subcommands of the router: what a deployment does before it starts the service. */
import { ConfigError, loadConfig } from '@xerotier/config';
import { createLogger } from '@xerotier/log';
import type { Logger } from '@xerotier/log';
import { text } from 'node:stream/consumers';
import { databaseOnlySettings } from '../config.ts';
import { migrateRouterDatabase, openRouterDatabase } from '../db/database.ts';
import { ModelsRepository } from '../models/models.repository.ts';
import { ModelsService } from '../models/models.service.ts';
import { parseSeedDocument, SeedError } from './seed-document.ts';

const USAGE = `usage: node dist/main.js [command]

  (no command)   serves until it is told to stop
  migrate        brings the database schema up to date
  seed           migrates, then reads a JSON document from standard input and enters its models:
                 { "models": [{ "id", "name", "ownedBy", "contextTokens"? }] }
`;

/** What a command reads and writes: of the process, or of a test. */
export interface CommandIo {
  readonly stdin: NodeJS.ReadableStream;
  readonly stderr: { write(text: string): unknown };
  readonly env: NodeJS.ProcessEnv;
}

const commands: Readonly<Record<string, (io: CommandIo, log: Logger) => Promise<void>>> = {
  migrate: async ({ env }, log) => {
    await migrateRouterDatabase(loadConfig(databaseOnlySettings, env).database, log);
  },
  seed: async ({ env, stdin }, log) => {
    const { database: config } = loadConfig(databaseOnlySettings, env);
    const { models } = parseSeedDocument(await text(stdin));
    const database = await openRouterDatabase({ ...config, migrateOnStart: true }, log);
    try {
      await new ModelsService(new ModelsRepository(database.manager), log).enter(models);
    } finally {
      await database.destroy();
    }
  },
};

/** @returns the exit code: 0, 1 when it failed, 2 when it was called wrongly. */
export async function runCommand([name = '', ...args]: readonly string[], io: CommandIo): Promise<number> {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined || args.length > 0) {
    io.stderr.write(
      `router: ${command === undefined ? `there is no command '${name}'` : `${name} takes no arguments`}\n${USAGE}`,
    );
    return 2;
  }
  const log = createLogger({ service: 'router', destination: { write: (line) => void io.stderr.write(line) } });
  try {
    await command(io, log);
    return 0;
  } catch (error) {
    if (error instanceof ConfigError || error instanceof SeedError)
      io.stderr.write(`router ${name}: ${error.message}\n`);
    else log.error('the command failed', { command: name, error });
    return 1;
  }
}
