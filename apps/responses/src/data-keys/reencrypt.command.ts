import { loadConfig } from '@xerotier/config';
import { CommandError, createCommandApp, UsageError } from '@xerotier/service-host';
import type { Command, CommandContext } from '@xerotier/service-host';
import { settings } from '../config.ts';
import { DataKeysService } from './data-keys.service.ts';
import { ReencryptCommandModule } from './reencrypt-command.module.ts';

export const reencrypt: Command = {
  name: 'reencrypt',
  usage: [
    {
      call: 'reencrypt',
      does: 'wraps the data keys that RESPONSES_MASTER_KEY_PREVIOUS protects with RESPONSES_MASTER_KEY; prints whether the previous one is still needed',
    },
  ],
  run: runReencrypt,
};

/** Exit code 1 if a key still needs another master key than the current one. */
async function runReencrypt(args: readonly string[], context: CommandContext): Promise<void> {
  if (args.length > 0) throw new UsageError('expected no arguments.');
  const app = await createCommandApp(ReencryptCommandModule, loadConfig(settings, context.env), context);
  try {
    const report = await app.get(DataKeysService, { strict: false }).rewrapKeys();
    const isPreviousKeyNeeded = report.remaining > 0;
    context.stdout.write(`${JSON.stringify({ table: 'responses.data_key', ...report })}\n`);
    context.stdout.write(`${JSON.stringify({ isPreviousKeyNeeded })}\n`);
    if (report.unreadable.length > 0)
      throw new CommandError('Some data keys can be read with neither master key. They were not changed.');
    if (isPreviousKeyNeeded)
      throw new CommandError('A process with the previous key has written meanwhile. Restart it, and run this again.');
  } finally {
    await app.close();
  }
}
