/** `POST /v1/chat/completions/{id}`: cancels a completion that is in flight (seed 002, "Cancellation"). */
import { Controller, HttpCode, Param, Post, Req } from '@nestjs/common';
import { AppError } from '@xerotier/errors';
import type { FastifyRequest } from 'fastify';
import { accessOf, RequireScope } from '../access/require-scope.ts';
import { CancellationService } from './cancellation.service.ts';

interface CancelledCompletion {
  id: string;
  object: 'chat.completion.cancelled';
  cancelled: true;
}

@Controller()
export class CancellationController {
  constructor(private readonly cancellations: CancellationService) {}

  @Post([':project/:endpoint/v1/chat/completions/:id', ':project/v1/chat/completions/:id'])
  @HttpCode(200)
  @RequireScope('inference')
  async cancel(@Req() request: FastifyRequest, @Param('id') id: string): Promise<CancelledCompletion> {
    const { project, endpoints } = accessOf(request);
    const { endpoint } = request.params as { endpoint?: string };
    const endpointId = endpoint === undefined ? undefined : endpoints[0]?.id;
    const cancelled = await this.cancellations.cancel({ completionId: id, projectId: project.id, endpointId });
    if (!cancelled) throw new AppError('completion.not_found', { id: id.slice(0, 128) }, { param: 'id' });
    return { id, object: 'chat.completion.cancelled', cancelled: true };
  }
}
