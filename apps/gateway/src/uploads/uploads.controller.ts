/** Uploads in parts: `/v1/uploads`. */
import { Controller, Param, Req } from '@nestjs/common';
import type { ChangeContext } from '@xerotier/contracts/auth';
import { streamOf } from '@xerotier/http';
import type { BodyOf, QueryOf, ResponseOf } from '@xerotier/public-api/operation';
import { pageOf } from '@xerotier/public-api/page';
import {
  addUploadPart,
  cancelUpload,
  completeUpload,
  createUpload,
  getUpload,
  listUploadParts,
} from '@xerotier/public-api/uploads';
import type { FastifyRequest } from 'fastify';
import type { ProjectAccess } from '../access/project-access.ts';
import { Change } from '../management/change-context.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { OperationBody, OperationQuery, RequestProject } from '../operations/operation-params.ts';
import { publicPartOf, publicUploadOf } from './public-upload.ts';
import { requestedUploadOf } from './requested-upload.ts';
import { UploadsService } from './uploads.service.ts';

@Controller()
export class UploadsController {
  constructor(private readonly uploads: UploadsService) {}

  @Operation(createUpload)
  async create(
    @Change() context: ChangeContext,
    @OperationBody() body: BodyOf<typeof createUpload>,
  ): Promise<ResponseOf<typeof createUpload>> {
    return publicUploadOf(await this.uploads.create({ context, ...requestedUploadOf(body) }));
  }

  @Operation(getUpload)
  async retrieve(
    @RequestProject() { project }: ProjectAccess,
    @Param('upload') id: string,
  ): Promise<ResponseOf<typeof getUpload>> {
    return publicUploadOf(await this.uploads.get(project.id, id));
  }

  @Operation(addUploadPart)
  async addPart(
    @Change() context: ChangeContext,
    @Param('upload') id: string,
    @Req() request: FastifyRequest,
  ): Promise<ResponseOf<typeof addUploadPart>> {
    return publicPartOf(await this.uploads.addPart(context, id, streamOf(request)));
  }

  @Operation(listUploadParts)
  async listParts(
    @RequestProject() { project }: ProjectAccess,
    @Param('upload') id: string,
    @OperationQuery() query: QueryOf<typeof listUploadParts>,
  ): Promise<ResponseOf<typeof listUploadParts>> {
    const { data, hasMore } = await this.uploads.listParts(project.id, id, query);
    return pageOf(data.map(publicPartOf), hasMore);
  }

  @Operation(completeUpload)
  async complete(
    @Change() context: ChangeContext,
    @Param('upload') id: string,
    @OperationBody() { part_ids: partIds, md5 }: BodyOf<typeof completeUpload>,
  ): Promise<ResponseOf<typeof completeUpload>> {
    return publicUploadOf(await this.uploads.complete(context, id, partIds, md5));
  }

  @Operation(cancelUpload)
  async cancel(
    @RequestProject() { project }: ProjectAccess,
    @Param('upload') id: string,
  ): Promise<ResponseOf<typeof cancelUpload>> {
    return publicUploadOf(await this.uploads.cancel(project.id, id));
  }
}
