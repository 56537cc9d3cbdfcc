import type { EndpointAccess } from '@xerotier/contracts/auth';
import type { MediaTask } from '@xerotier/contracts/xim';
import { AppError } from '@xerotier/errors';
import { noteForLog } from '@xerotier/http';
import type { FastifyRequest } from 'fastify';
import { accessOf } from '../access/check-access.ts';
import { addressedEndpoint } from '../models/addressed-endpoint.ts';
import type { ModelDirectory } from '../models/model-directory.service.ts';

/**
 * Returns the endpoint of a request, as `addressedEndpoint`; without `model`, the first endpoint with the task.
 * @throws {AppError} as `addressedEndpoint`; `capability.not_available` if no endpoint of the project has the task.
 */
export async function mediaEndpoint(
  request: FastifyRequest,
  model: string | undefined,
  task: MediaTask,
  directory: ModelDirectory,
): Promise<EndpointAccess> {
  const { endpoint: slug } = request.params as { endpoint?: string };
  if (slug === undefined) {
    const capable = accessOf(request).endpoints.find((endpoint) => endpoint.task === task);
    if (capable === undefined) throw new AppError('capability.not_available', { task });
    if (model === undefined) {
      noteForLog(request.raw, { endpoint: capable.slug, model: capable.modelId });
      return capable;
    }
  }
  return addressedEndpoint(request, model ?? '', [task], directory);
}
