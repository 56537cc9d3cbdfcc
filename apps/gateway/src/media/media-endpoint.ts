import type { EndpointAccess } from '@xerotier/contracts/auth';
import type { MediaTask } from '@xerotier/contracts/xim';
import { AppError } from '@xerotier/errors';
import { noteForLog } from '@xerotier/http';
import type { FastifyRequest } from 'fastify';
import { accessOf } from '../access/check-access.ts';
import { addressedEndpoint } from '../models/addressed-endpoint.ts';
import type { ModelDirectory } from '../models/model-directory.service.ts';

/**
 * The endpoint that has to answer, as `addressedEndpoint`. Not every project can do this, and `model` may be left out: then
 * it is the first endpoint that can.
 * @throws {AppError} as `addressedEndpoint`; `capability.not_available` on the project-wide base when no endpoint can.
 */
export async function mediaEndpoint(
  request: FastifyRequest,
  model: string | undefined,
  task: MediaTask,
  directory: ModelDirectory,
): Promise<EndpointAccess> {
  const { endpoint: slug } = request.params as { endpoint?: string };
  if (slug === undefined) {
    const able = accessOf(request).endpoints.find((endpoint) => endpoint.task === task);
    if (able === undefined) throw new AppError('capability.not_available', { task });
    if (model === undefined) {
      noteForLog(request.raw, { endpoint: able.slug, model: able.modelId });
      return able;
    }
  }
  return addressedEndpoint(request, model ?? '', [task], directory);
}
