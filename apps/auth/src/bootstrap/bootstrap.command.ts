import { loadConfig } from '@xerotier/config';
import { SYSTEM_LOG_ID } from '@xerotier/contracts/auth';
import { ForeignKeyViolation } from '@xerotier/db';
import { CommandError, createCommandApp, UsageError } from '@xerotier/service-host';
import type { Command, CommandContext } from '@xerotier/service-host';
import { operatorContext } from '../changes/operator-context.ts';
import { settings } from '../config.ts';
import { BootstrapCommandModule } from './bootstrap-command.module.ts';
import { BootstrapTokensService } from './bootstrap-tokens.service.ts';
import type { IssueOptions } from './bootstrap-tokens.service.ts';

export const bootstrap: Command = {
  name: 'bootstrap',
  usage: [
    {
      call: 'bootstrap [--force] [--owner-of <project>]',
      does: 'prints a token that makes somebody the first admin (POST /api/v1/bootstrap), and an owner of a project; it works once, for an hour. --force: also if there is an admin',
    },
  ],
  run: runBootstrap,
};

async function runBootstrap(args: readonly string[], context: CommandContext): Promise<void> {
  const options = readOptions(args);
  const app = await createCommandApp(BootstrapCommandModule, loadConfig(settings, context.env), context);
  try {
    const issued = await app.get(BootstrapTokensService).issue(operatorContext(SYSTEM_LOG_ID), options);
    if (issued === null) throw new CommandError('There is an admin already. Use --force to make another one.');
    // The only output of the token: the operator requested it.
    context.stdout.write(`${JSON.stringify(issued)}\n`);
  } catch (error) {
    if (error instanceof ForeignKeyViolation)
      throw new CommandError(`Project '${options.ownedProject}' does not exist.`);
    throw error;
  } finally {
    await app.close();
  }
}

function readOptions(args: readonly string[]): IssueOptions {
  const [first, ...rest] = args;
  if (first === undefined) return {};
  if (first === '--force') return { ...readOptions(rest), force: true };
  const [project, ...others] = rest;
  if (first !== '--owner-of' || project === undefined)
    throw new UsageError('expected --force or --owner-of <project>.');
  return { ...readOptions(others), ownedProject: project };
}
