import type { EndpointAccess, EndpointTask } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import { noteForLog } from '@xerotier/http';
import { accessOf } from '../access/check-access.ts';
import type { ClientRequest } from '../requests/client-request.ts';
import type { ModelDirectory } from './model-directory.service.ts';

/**
 * Returns the endpoint of a request: the one in the URL, or the one that `model` selects on the project-wide base URL.
 * @param tasks tasks of endpoints that serve this route.
 * @throws {AppError} `endpoint.paused`, `endpoint.wrong_task`; `model.not_found` or `router.unavailable` as `ModelDirectory.endpointFor`.
 */
export async function addressedEndpoint(
  request: ClientRequest,
  model: string,
  tasks: readonly EndpointTask[],
  directory: ModelDirectory,
): Promise<EndpointAccess> {
  const { endpoints } = accessOf(request);
  const { endpoint: slug } = request.params as { endpoint?: string };
  // An endpoint URL grants access to exactly one endpoint.
  const endpoint =
    slug === undefined ? await directory.endpointFor(model, endpoints, tasks) : (endpoints[0] as EndpointAccess);
  noteForLog(request.raw, { endpoint: endpoint.slug, model: endpoint.modelId });
  if (endpoint.status === 'paused') throw new AppError('endpoint.paused', { endpoint: endpoint.slug });
  if (tasks.includes(endpoint.task)) return endpoint;
  const needed = tasks.map((task) => `'${task}'`).join(' or ');
  throw new AppError(
    'endpoint.wrong_task',
    { endpoint: endpoint.slug, task: endpoint.task, needed },
    { param: 'model' },
  );
}
