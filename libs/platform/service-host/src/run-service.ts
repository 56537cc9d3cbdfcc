import { runProcess } from '@xerotier/process';
import type { ServiceSettingsTree } from '@xerotier/process';
import { runCommand } from './commands/run-command.ts';
import type { ServiceDefinition } from './service-definition.ts';
import { startService } from './start-service.ts';

/**
 * The main file of a service: serves until it is told to stop or, called with a subcommand, runs that and ends.
 *
 * Ends the process: 0 after an orderly stop or a command that did its work, 1 when it could not, 2 when it was called wrongly.
 */
export async function runService<S extends ServiceSettingsTree>(definition: ServiceDefinition<S>): Promise<void> {
  const words = process.argv.slice(2);
  // Ended explicitly: a server that cannot be reached must not keep a finished command alive.
  if (words.length > 0) process.exit(await runCommand(definition, words, process));
  await runProcess(definition.name, definition.settings, (config, log) => startService(definition, config, log));
}
