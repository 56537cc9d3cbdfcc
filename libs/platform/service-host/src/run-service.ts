import { runProcess } from '@xerotier/process';
import type { ServiceSettingsTree } from '@xerotier/process';
import { runCommand } from './commands/run-command.ts';
import type { ServiceDefinition } from './service-definition.ts';
import { startService } from './start-service.ts';

/**
 * The main function of a service: serves until stopped or, called with a subcommand, runs that and exits.
 *
 * Ends the process: 0 after a graceful shutdown or a successful command, 1 on a failure, 2 for invalid arguments.
 */
export async function runService<S extends ServiceSettingsTree>(definition: ServiceDefinition<S>): Promise<void> {
  const words = process.argv.slice(2);
  // Exits explicitly: an unreachable server must not keep a finished command running.
  if (words.length > 0) process.exit(await runCommand(definition, words, process));
  await runProcess(definition.name, definition.settings, (config, log, instance) =>
    startService(definition, config, log, instance),
  );
}
