import type { EndpointAccess, EndpointTask } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import { noteForLog } from '@xerotier/http';
import type { FastifyRequest } from 'fastify';
import { accessOf } from '../access/check-access.ts';
import type { ModelDirectory } from './model-directory.service.ts';

/**
 * The endpoint that has to answer: the one in the URL; on the project-wide base the one that `model` picks.
 * @param tasks what an endpoint may be for, so that this route can use it.
 * @throws {AppError} `endpoint.wrong_task`; `model.not_found` or `router.unavailable` as `ModelDirectory.endpointFor`.
 */
export async function addressedEndpoint(
  request: FastifyRequest,
  model: string,
  tasks: readonly EndpointTask[],
  directory: ModelDirectory,
): Promise<EndpointAccess> {
  const { endpoints } = accessOf(request);
  const { endpoint: slug } = request.params as { endpoint?: string };
  // An endpoint URL names exactly one.
  const endpoint =
    slug === undefined ? await directory.endpointFor(model, endpoints, tasks) : (endpoints[0] as EndpointAccess);
  noteForLog(request.raw, { endpoint: endpoint.slug, model: endpoint.modelId });
  if (tasks.includes(endpoint.task)) return endpoint;
  const needed = tasks.map((task) => `'${task}'`).join(' or ');
  throw new AppError(
    'endpoint.wrong_task',
    { endpoint: endpoint.slug, task: endpoint.task, needed },
    { param: 'model' },
  );
}
