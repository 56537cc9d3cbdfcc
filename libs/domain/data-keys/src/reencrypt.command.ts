import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { loadConfig } from '@xerotier/config';
import type { SettingsTree } from '@xerotier/config';
import { CommandError, createCommandApp, UsageError } from '@xerotier/service-host';
import type { Command, CommandContext } from '@xerotier/service-host';
import { DatabaseModule } from '@xerotier/service-host/database';
import type { DatabaseDefinition } from '@xerotier/service-host/database';
import { DataKeysModule } from './data-keys.module.ts';
import type { DataKeysOptions } from './data-keys-options.ts';
import { DataKeysService } from './data-keys.service.ts';

export interface ReencryptOptions {
  readonly dataKeys: DataKeysOptions;
  readonly settings: SettingsTree;
  readonly database: DatabaseDefinition;
}

/** `reencrypt`: wraps all data keys with the current master key, beside the running service. */
export function reencryptCommand(options: ReencryptOptions): Command {
  const { masterKey } = options.dataKeys;
  return {
    name: 'reencrypt',
    usage: [
      {
        call: 'reencrypt',
        does: `wraps the data keys that ${masterKey}_PREVIOUS protects with ${masterKey}; prints whether the previous one is still needed`,
      },
    ],
    run: (args, context) => runReencrypt(options, args, context),
  };
}

/** Exit code 1 if a key still needs another master key than the current one. */
async function runReencrypt(
  { settings, database, dataKeys }: ReencryptOptions,
  args: readonly string[],
  context: CommandContext,
): Promise<void> {
  if (args.length > 0) throw new UsageError('expected no arguments.');
  const module: DynamicModule = {
    module: ReencryptCommandModule,
    imports: [DatabaseModule.forRoot(database), DataKeysModule.forRoot(dataKeys)],
  };
  const app = await createCommandApp(module, loadConfig(settings, context.env), context);
  try {
    const report = await app.get(DataKeysService, { strict: false }).rewrapKeys();
    const isPreviousKeyNeeded = report.remaining > 0;
    context.stdout.write(`${JSON.stringify({ table: `${dataKeys.schema}.data_key`, ...report })}\n`);
    context.stdout.write(`${JSON.stringify({ isPreviousKeyNeeded })}\n`);
    if (report.unreadable.length > 0)
      throw new CommandError('Some data keys can be read with neither master key. They were not changed.');
    if (isPreviousKeyNeeded)
      throw new CommandError('A process with the previous key has written meanwhile. Restart it, and run this again.');
  } finally {
    await app.close();
  }
}

/** The database, without the bus. */
@Module({})
class ReencryptCommandModule {}
