import { routerContract } from '@xerotier/contracts/router';
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import type { CommandContext } from '@xerotier/service-host';
import { onBus } from '../access/on-bus.ts';
import type { SeedDocument } from './seed-document.ts';

/** An endpoint may come before its worker, so this is no error; a typing error in the model would look the same for ever. */
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
      `auth seed: warning: nobody serves the model '${modelId}' of the endpoint '${slug}'. Its requests get 503 until a worker does: check the name, or start one with XIM_MODEL_ID=${modelId}.\n`,
    );
  }
}

/**
 * Those of the models that no worker has ever brought along and nobody has entered: the router's catalogue has both. None when
 * the router cannot be asked, which says nothing about models; it may be started later.
 */
async function unservedModels(natsUrl: string, modelIds: readonly string[], log: Logger): Promise<string[]> {
  const ids = [...new Set(modelIds)];
  if (ids.length === 0) return [];
  const known = await onBus(natsUrl, log, (bus) => bus.call(routerContract.operations.getModels, { ids })).catch(
    (error: unknown) => {
      log.debug('the router could not be asked for models', { error: AppError.from(error).code });
      return undefined;
    },
  );
  if (known === undefined) return [];
  return ids.filter((id) => !known.models.some((model) => model.id === id));
}
