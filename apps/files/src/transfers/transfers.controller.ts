/** Transfers over HTTP, for gateways: see `transferRoutes`. */
import { Controller, Get, Headers, HttpCode, Post, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { transferRoutes } from '@xerotier/contracts/files';
import type { StoredFile, StoredPart } from '@xerotier/contracts/files';
import { AppError } from '@xerotier/errors';
import { noteError, streamOf } from '@xerotier/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Tickets } from './ticket.ts';
import { TransfersService } from './transfers.service.ts';

/** Chunks of 64 KiB that wait for a slow reader. */
const CHUNKS_AHEAD = 4;

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
    const chunks = this.transfers.read(
      this.tickets.verify(ticketIn(authorization), ['read-content', 'read-model-file']),
    );
    // Errors before the first byte are responses.
    const first = await chunks.next();
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { 'content-type': 'application/octet-stream' });
    if (first.done === true) {
      raw.end();
      return;
    }
    raw.write(first.value);
    try {
      await pipeline(Readable.from(chunks, { highWaterMark: CHUNKS_AHEAD }), raw);
    } catch (error) {
      // Its end is missing: the reader sees a connection that was closed too early.
      if (!raw.writableFinished) noteError(raw.req, AppError.from(error));
    }
  }
}

function ticketIn(authorization: string): string {
  return authorization.replace(/^Bearer /, '');
}
