import { routerContract } from '@xerotier/contracts/router';
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import { onBus } from './on-bus.ts';

/**
 * Those of the models that no worker has ever brought along and nobody has entered: the router's catalogue has both. None when
 * the router cannot be asked, which says nothing about models; it may be started later.
 */
export async function unservedModels(natsUrl: string, modelIds: readonly string[], log: Logger): Promise<string[]> {
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
