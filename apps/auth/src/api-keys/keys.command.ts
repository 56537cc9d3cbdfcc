import { loadConfig } from '@xerotier/config';
import { GRACE_SECONDS_DEFAULT, GRACE_SECONDS_MAX } from '@xerotier/contracts/auth';
import { CommandError, createCommandApp, UsageError } from '@xerotier/service-host';
import type { Command, CommandContext } from '@xerotier/service-host';
import { PendingAccessChanges } from '../access/pending-access-changes.ts';
import { settings } from '../config.ts';
import { operatorContext } from '../changes/operator-context.ts';
import { ApiKeysService } from './api-keys.service.ts';
import { KeysCommandModule } from './keys-command.module.ts';

const HOUR_SECONDS = 3_600;

export const keys: Command = {
  name: 'keys',
  usage: [
    { call: 'keys revoke <id>', does: 'revokes an API key immediately' },
    {
      call: 'keys rotate <id> [grace-hours]',
      does: 'prints a new value; the old one remains valid for 24 hours, or 0 to 168',
    },
  ],
  run: runKeys,
};

async function runKeys(args: readonly string[], context: CommandContext): Promise<void> {
  const [action, keyId, graceHours, ...rest] = args;
  const isCall = (action === 'revoke' && graceHours === undefined) || action === 'rotate';
  if (!isCall || keyId === undefined || rest.length > 0) throw new UsageError('expected an action and a key id.');
  const graceSeconds = readGrace(graceHours);
  const config = loadConfig(settings, context.env);
  const app = await createCommandApp(KeysCommandModule, config, context);
  try {
    const keys = app.get(ApiKeysService);
    const projectId = await keys.projectOf(keyId);
    if (projectId === null) throw new CommandError(`API key '${keyId}' does not exist.`);
    const change = { context: operatorContext(projectId), keyId };
    if (action === 'revoke') await keys.revoke(change);
    else {
      const { key, value } = await keys.rotate({ ...change, graceSeconds });
      const { previousValidUntil } = key;
      // The only output of a key: the operator requested it.
      const until = previousValidUntil === null ? null : new Date(previousValidUntil);
      context.stdout.write(`${JSON.stringify({ keyId, value, previousValidUntil: until })}\n`);
    }
    await app.get(PendingAccessChanges, { strict: false }).announce(config.nats.url, context.log);
  } finally {
    await app.close();
  }
}

function readGrace(hours: string | undefined): number {
  if (hours === undefined) return GRACE_SECONDS_DEFAULT;
  const graceSeconds = /^\d{1,3}$/.test(hours) ? Number(hours) * HOUR_SECONDS : NaN;
  if (!(graceSeconds <= GRACE_SECONDS_MAX))
    throw new UsageError(`expected a grace period of 0 to ${GRACE_SECONDS_MAX / HOUR_SECONDS} hours.`);
  return graceSeconds;
}
