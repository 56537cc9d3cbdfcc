import { loadConfig } from '@xerotier/config';
import type { Logger } from '@xerotier/log';
import { ApiKeysRepository } from '../api-keys/api-keys.repository.ts';
import { ApiKeysService, GRACE_MS_DEFAULT, GRACE_MS_MAX } from '../api-keys/api-keys.service.ts';
import { KeyHasher } from '../api-keys/key-hasher.ts';
import { settings } from '../config.ts';
import { CommandError, UsageError } from './command-io.ts';
import type { CommandIo } from './command-io.ts';
import { withAuthDatabase } from './with-auth-database.ts';

const HOUR_MS = 60 * 60 * 1_000;

export async function runKeysCommand(args: readonly string[], io: CommandIo, log: Logger): Promise<void> {
  const [action, keyId, graceHours, ...rest] = args;
  const isCall = (action === 'revoke' && graceHours === undefined) || action === 'rotate';
  if (!isCall || keyId === undefined || rest.length > 0) throw new UsageError('say what to do with which key.');
  const graceMs = readGrace(graceHours);
  const config = loadConfig(settings, io.env);
  await withAuthDatabase(config, log, async (database, announce) => {
    const repository = new ApiKeysRepository(database.manager);
    const keys = new ApiKeysService(repository, new KeyHasher(config.keys.pepper), announce);
    if (action === 'revoke') {
      if (!(await keys.revoke(keyId))) throw new CommandError(`There is no API key ${keyId}.`);
      return;
    }
    const rotated = await keys.rotate(keyId, graceMs);
    if (rotated === null) throw new CommandError(`There is no API key ${keyId}, or it is revoked or expired.`);
    // The one place that shows a key: the operator asked for it.
    io.stdout.write(`${JSON.stringify({ keyId, ...rotated })}\n`);
  });
}

function readGrace(hours: string | undefined): number {
  if (hours === undefined) return GRACE_MS_DEFAULT;
  const graceMs = /^\d{1,3}$/.test(hours) ? Number(hours) * HOUR_MS : NaN;
  if (!(graceMs <= GRACE_MS_MAX)) throw new UsageError(`the grace time is 0 to ${GRACE_MS_MAX / HOUR_MS} whole hours.`);
  return graceMs;
}
