import { loadConfig } from '@xerotier/config';
import { CommandError, createCommandApp, UsageError } from '@xerotier/service-host';
import type { Command, CommandContext } from '@xerotier/service-host';
import { settings } from '../config.ts';
import { ReencryptCommandModule } from './reencrypt-command.module.ts';
import { ReencryptionService } from './reencryption.service.ts';

export const reencrypt: Command = {
  name: 'reencrypt',
  usage: [
    {
      call: 'reencrypt',
      does: 'encrypts and signs with AUTH_MASTER_KEY what AUTH_MASTER_KEY_PREVIOUS protects; prints whether that is still needed',
    },
  ],
  run: runReencrypt,
};

/** Prints a line per table. Exit code 1 if something still needs another key than the current one. */
async function runReencrypt(args: readonly string[], context: CommandContext): Promise<void> {
  if (args.length > 0) throw new UsageError('expected no arguments.');
  const app = await createCommandApp(ReencryptCommandModule, loadConfig(settings, context.env), context);
  try {
    const reports = await app.get(ReencryptionService).reencrypt();
    for (const report of reports) context.stdout.write(`${JSON.stringify(report)}\n`);
    const isPreviousKeyNeeded = reports.some(({ remaining }) => remaining > 0);
    context.stdout.write(`${JSON.stringify({ isPreviousKeyNeeded })}\n`);
    if (reports.some(({ unreadable }) => unreadable.length > 0))
      throw new CommandError('Some rows can be read with neither key. They were not changed.');
    if (isPreviousKeyNeeded)
      throw new CommandError('A process with the previous key has written meanwhile. Restart it, and run this again.');
  } finally {
    await app.close();
  }
}
