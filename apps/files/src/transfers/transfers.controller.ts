/** Transfers over HTTP, for gateways: see `transferRoutes`. */
import { Controller, Get, Headers, HttpCode, Post, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { writePiece } from '@xerotier/buffers';
import { transferRoutes } from '@xerotier/contracts/files';
import type { StoredFile, StoredPart } from '@xerotier/contracts/files';
import { AppError } from '@xerotier/errors';
import { noteError, streamOf } from '@xerotier/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Tickets } from './ticket.ts';
import { TransfersService } from './transfers.service.ts';

@Controller()
export class TransfersController {
  constructor(
    private readonly transfers: TransfersService,
    private readonly tickets: Tickets,
  ) {}

  @Post(transferRoutes.createFile)
  @HttpCode(200)
  @RouteConfig({ form: 'streamed' })
  createFile(@Req() request: FastifyRequest, @Headers('authorization') authorization = ''): Promise<StoredFile> {
    return this.transfers.createFile(this.tickets.verify(ticketIn(authorization), ['create-file']), streamOf(request));
  }

  @Post(transferRoutes.addPart)
  @HttpCode(200)
  @RouteConfig({ form: 'streamed' })
  addPart(@Req() request: FastifyRequest, @Headers('authorization') authorization = ''): Promise<StoredPart> {
    return this.transfers.addPart(this.tickets.verify(ticketIn(authorization), ['add-part']), streamOf(request));
  }

  @Get(transferRoutes.content)
  async read(@Res() reply: FastifyReply, @Headers('authorization') authorization = ''): Promise<void> {
    const grant = this.tickets.verify(ticketIn(authorization), ['read-content', 'read-model-file']);
    const pieces = this.transfers.read(grant);
    // Errors before the first byte are responses.
    let next = await pieces.next();
    reply.hijack();
    const { raw } = reply;
    const { start, end } = grant.range;
    raw.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': end - start });
    try {
      for (; next.done !== true; next = await pieces.next()) await writePiece(raw, next.value);
      raw.end();
    } catch (error) {
      // Its end is missing: the reader sees a connection that was closed too early.
      raw.destroy();
      noteError(raw.req, AppError.from(error));
    } finally {
      await pieces.return();
    }
  }
}

function ticketIn(authorization: string): string {
  return authorization.replace(/^Bearer /, '');
}
