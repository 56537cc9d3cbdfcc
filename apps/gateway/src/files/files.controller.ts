/** Files of a project: `/v1/files`. Their content passes as a stream between the client and the files service. */
import { Controller, Headers, Param, Req, Res } from '@nestjs/common';
import type { ChangeContext } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import { noteError, streamOf } from '@xerotier/http';
import { createFile, deleteFile, getFile, getFileContent, listFiles } from '@xerotier/public-api/files';
import type { QueryOf, ResponseOf } from '@xerotier/public-api/operation';
import { pageOf } from '@xerotier/public-api/page';
import { create as contentDisposition } from 'content-disposition';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ProjectAccess } from '../access/project-access.ts';
import { Change } from '../management/change-context.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { OperationQuery, RequestProject } from '../operations/operation-params.ts';
import { STALL_TIMEOUT_MS } from '../requests/client-stream.ts';
import { FilesService } from './files.service.ts';
import { publicFileOf } from './public-file.ts';

const RANGE_LENGTH_MAX = 256;

@Controller()
export class FilesController {
  constructor(private readonly files: FilesService) {}

  @Operation(createFile)
  async create(
    @Change() change: ChangeContext,
    @Req() request: FastifyRequest,
  ): Promise<ResponseOf<typeof createFile>> {
    return publicFileOf(await this.files.create(change, streamOf(request)));
  }

  @Operation(listFiles)
  async list(
    @RequestProject() { project }: ProjectAccess,
    @OperationQuery() query: QueryOf<typeof listFiles>,
  ): Promise<ResponseOf<typeof listFiles>> {
    const { data, hasMore } = await this.files.list({ projectId: project.id, ...query });
    return pageOf(data.map(publicFileOf), hasMore);
  }

  @Operation(getFile)
  async retrieve(
    @RequestProject() { project }: ProjectAccess,
    @Param('file') id: string,
  ): Promise<ResponseOf<typeof getFile>> {
    return publicFileOf(await this.files.get(project.id, id));
  }

  @Operation(deleteFile)
  async delete(
    @RequestProject() { project }: ProjectAccess,
    @Param('file') id: string,
  ): Promise<ResponseOf<typeof deleteFile>> {
    await this.files.delete(project.id, id);
    return { id, object: 'file', deleted: true };
  }

  @Operation(getFileContent)
  async content(
    @RequestProject() { project }: ProjectAccess,
    @Param('file') id: string,
    @Headers('range') header: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    // A longer one has several ranges, and is ignored like them.
    const requested = (header?.length ?? 0) <= RANGE_LENGTH_MAX ? header : undefined;
    const { raw } = reply;
    const { file, range, content } = await this.files.open(project.id, id, requested).catch((error: unknown) => {
      const rejection = AppError.from(error);
      if (rejection.code === 'file.range_not_satisfiable')
        raw.setHeader('content-range', `bytes */${String(rejection.details['bytes'])}`);
      throw rejection;
    });
    const { start, end } = range ?? { start: 0, end: file.bytes };
    reply.hijack();
    // A client that does not read would hold its transfer.
    raw.setTimeout(STALL_TIMEOUT_MS, () => raw.destroy());
    raw.writeHead(range === undefined ? 200 : 206, {
      'content-type': 'application/octet-stream',
      'content-length': end - start,
      'accept-ranges': 'bytes',
      ...(range !== undefined && { 'content-range': `bytes ${start}-${end - 1}/${file.bytes}` }),
      'content-disposition': contentDisposition(file.filename),
      'x-content-type-options': 'nosniff',
    });
    try {
      await content.sendTo(raw);
      raw.end();
    } catch (error) {
      // The client sees fewer bytes than were announced.
      raw.destroy();
      noteError(raw.req, AppError.from(error));
    }
  }
}
