/** The results of a batch, while it runs and afterwards: `/v1/batches/{batch}/output`. */
import { Controller, Param, Req, Res } from '@nestjs/common';
import { AppError } from '@xerotier/errors';
import { noteError } from '@xerotier/http';
import { BATCH_LINES_MAX, getBatchOutput } from '@xerotier/public-api/batches';
import type { QueryOf } from '@xerotier/public-api/operation';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { pipeline } from 'node:stream/promises';
import { AccessService } from '../access/access.service.ts';
import { checkAccess } from '../access/check-access.ts';
import type { ProjectAccess } from '../access/project-access.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { OperationQuery, RequestProject } from '../operations/operation-params.ts';
import { STALL_TIMEOUT_MS } from '../requests/client-stream.ts';
import { disconnectSignal } from '../requests/disconnect-signal.ts';
import { asBatchId } from './batch-id.ts';
import { BatchOutputService } from './batch-output.service.ts';

@Controller()
export class BatchOutputController {
  constructor(
    private readonly outputs: BatchOutputService,
    private readonly access: AccessService,
  ) {}

  @Operation(getBatchOutput)
  async output(
    @RequestProject() { project }: ProjectAccess,
    @Param('batch') id: string,
    @OperationQuery() { kind, after = 0, limit = BATCH_LINES_MAX, follow }: QueryOf<typeof getBatchOutput>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const output = await this.outputs.open({
      ...{ projectId: project.id, id: asBatchId(id), kind, after, limit },
      // A response without a body does not wait for lines.
      follow: follow && request.method !== 'HEAD',
      signal: disconnectSignal(reply.raw),
      recheck: () => checkAccess(this.access, request),
    });
    const { raw } = reply;
    reply.hijack();
    // A client that does not read would hold its place.
    raw.setTimeout(STALL_TIMEOUT_MS, () => raw.destroy());
    raw.writeHead(200, { 'content-type': 'application/jsonl', 'x-content-type-options': 'nosniff' });
    // There may be no lines for a while.
    raw.flushHeaders();
    try {
      await pipeline(output, raw);
    } catch (error) {
      // The client sees that the response is incomplete.
      if (!raw.writableFinished) noteError(raw.req, AppError.from(error));
    }
  }
}
