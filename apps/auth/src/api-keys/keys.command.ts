import { loadConfig } from '@xerotier/config';
import { CommandError, createCommandApp, UsageError } from '@xerotier/service-host';
import type { Command, CommandContext } from '@xerotier/service-host';
import { PendingAccessChanges } from '../access/pending-access-changes.ts';
import { settings } from '../config.ts';
import { ApiKeysService, GRACE_MS_DEFAULT, GRACE_MS_MAX } from './api-keys.service.ts';
import { KeysCommandModule } from './keys-command.module.ts';

const HOUR_MS = 60 * 60 * 1_000;

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
  const graceMs = readGrace(graceHours);
  const config = loadConfig(settings, context.env);
  const app = await createCommandApp(KeysCommandModule, config, context);
  try {
    const keys = app.get(ApiKeysService);
    if (action === 'revoke') {
      if (!(await keys.revoke(keyId))) throw new CommandError(`API key '${keyId}' does not exist.`);
    } else {
      const rotated = await keys.rotate(keyId, graceMs);
      if (rotated === null) throw new CommandError(`API key '${keyId}' does not exist, or is revoked or expired.`);
      // The only output of a key: the operator requested it.
      context.stdout.write(`${JSON.stringify({ keyId, ...rotated })}\n`);
    }
    await app.get(PendingAccessChanges, { strict: false }).announce(config.nats.url, context.log);
  } finally {
    await app.close();
  }
}

function readGrace(hours: string | undefined): number {
  if (hours === undefined) return GRACE_MS_DEFAULT;
  const graceMs = /^\d{1,3}$/.test(hours) ? Number(hours) * HOUR_MS : NaN;
  if (!(graceMs <= GRACE_MS_MAX))
    throw new UsageError(`expected a grace period of 0 to ${GRACE_MS_MAX / HOUR_MS} hours.`);
  return graceMs;
}
