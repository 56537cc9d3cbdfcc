/** Batches of a project: `/v1/batches`. */
import { Controller, Param } from '@nestjs/common';
import type { ChangeContext } from '@xerotier/contracts/auth';
import { batchContract } from '@xerotier/contracts/batch';
import { Bus } from '@xerotier/nats';
import {
  cancelBatch,
  createBatch,
  getBatch,
  listBatches,
  pauseBatch,
  resumeBatch,
  retryBatch,
} from '@xerotier/public-api/batches';
import type { BodyOf, QueryOf, ResponseOf } from '@xerotier/public-api/operation';
import { pageOf } from '@xerotier/public-api/page';
import type { ProjectAccess } from '../access/project-access.ts';
import { Change } from '../management/change-context.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { OperationBody, OperationQuery, RequestProject } from '../operations/operation-params.ts';
import { asBatchId } from './batch-id.ts';
import { publicBatchOf } from './public-batch.ts';

const { create, list, get, cancel, pause, resume, retry } = batchContract.operations;

@Controller()
export class BatchesController {
  constructor(private readonly bus: Bus) {}

  @Operation(createBatch)
  async create(
    @Change() context: ChangeContext,
    @OperationBody() body: BodyOf<typeof createBatch>,
  ): Promise<ResponseOf<typeof createBatch>> {
    const {
      input_file_id: inputFileId,
      endpoint,
      completion_window: completionWindow,
      output_expires_after: expiry,
    } = body;
    const batch = await this.bus.call(create, {
      ...{ context, inputFileId, endpoint, completionWindow, metadata: body.metadata ?? null },
      ...(expiry !== undefined && { outputSeconds: expiry.seconds }),
      ...(body.x_dry_run === true && { isDryRun: true }),
    });
    return publicBatchOf(batch);
  }

  @Operation(listBatches)
  async list(
    @RequestProject() { project }: ProjectAccess,
    @OperationQuery() { x_dry_run: isDryRun, ...page }: QueryOf<typeof listBatches>,
  ): Promise<ResponseOf<typeof listBatches>> {
    const { data, hasMore } = await this.bus.call(list, { projectId: project.id, ...page, isDryRun });
    return pageOf(data.map(publicBatchOf), hasMore);
  }

  @Operation(getBatch)
  async retrieve(
    @RequestProject() { project }: ProjectAccess,
    @Param('batch') id: string,
  ): Promise<ResponseOf<typeof getBatch>> {
    return publicBatchOf(await this.bus.call(get, { projectId: project.id, id: asBatchId(id) }));
  }

  @Operation(cancelBatch)
  async cancel(
    @RequestProject() { project }: ProjectAccess,
    @Param('batch') id: string,
  ): Promise<ResponseOf<typeof cancelBatch>> {
    return publicBatchOf(await this.bus.call(cancel, { projectId: project.id, id: asBatchId(id) }));
  }

  @Operation(pauseBatch)
  async pause(
    @RequestProject() { project }: ProjectAccess,
    @Param('batch') id: string,
  ): Promise<ResponseOf<typeof pauseBatch>> {
    return publicBatchOf(await this.bus.call(pause, { projectId: project.id, id: asBatchId(id) }));
  }

  @Operation(resumeBatch)
  async resume(
    @RequestProject() { project }: ProjectAccess,
    @Param('batch') id: string,
  ): Promise<ResponseOf<typeof resumeBatch>> {
    return publicBatchOf(await this.bus.call(resume, { projectId: project.id, id: asBatchId(id) }));
  }

  @Operation(retryBatch)
  async retry(@Change() context: ChangeContext, @Param('batch') id: string): Promise<ResponseOf<typeof retryBatch>> {
    return publicBatchOf(await this.bus.call(retry, { context, id: asBatchId(id) }));
  }
}
