import { routerContract } from '@xerotier/contracts/router';
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import type { CommandContext } from '@xerotier/service-host';
import { onBus } from '../access/on-bus.ts';
import type { SeedDocument } from './seed-document.ts';

/** An endpoint may be created before its worker, so this is only a warning; it also reveals a misspelled model. */
export async function warnOfUnservedModels(
  { endpoints }: SeedDocument,
  natsUrl: string,
  stderr: CommandContext['stderr'],
  log: Logger,
): Promise<void> {
  const modelIds = endpoints.map(({ modelId }) => modelId);
  const unserved = await unservedModels(natsUrl, modelIds, log);
  for (const { slug, modelId } of endpoints) {
    if (!unserved.includes(modelId)) continue;
    stderr.write(
      `auth seed: warning: no worker serves the model '${modelId}' of the endpoint '${slug}'. Requests return 503 until one does: check the model id, or start a worker with XIM_MODEL_ID=${modelId}.\n`,
    );
  }
}

/**
 * Returns the models that are not in the router's catalogue, which contains those of workers and of operators. Returns
 * none when the router is unreachable; it may be started later.
 */
async function unservedModels(natsUrl: string, modelIds: readonly string[], log: Logger): Promise<string[]> {
  const ids = [...new Set(modelIds)];
  if (ids.length === 0) return [];
  const known = await onBus(natsUrl, log, (bus) => bus.call(routerContract.operations.getModels, { ids })).catch(
    (error: unknown) => {
      log.debug('model lookup failed', { error: AppError.from(error).code });
      return undefined;
    },
  );
  if (known === undefined) return [];
  return ids.filter((id) => !known.models.some((model) => model.id === id));
}
