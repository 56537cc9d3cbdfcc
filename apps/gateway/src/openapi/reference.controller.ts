/** `GET /`, `GET /openapi.json` and `GET /docs`: the public reference of the API, without requests to other hosts. */
import { Controller, Res } from '@nestjs/common';
import {
  getOpenapiDocument,
  getReferencePage,
  getReferencePageScript,
  getWelcome,
} from '@xerotier/public-api/reference';
import type { FastifyReply } from 'fastify';
import { createReadStream } from 'node:fs';
import { Operation } from '../operations/operation.decorator.ts';
import { openapiText } from './document.ts';
import { CONTENT_SECURITY_POLICY, redocFile, referencePage } from './reference-page.ts';
import { welcomeText } from './welcome.ts';

/** Cacheable, since the reference changes only with the version of the gateway. */
const HEADERS = { 'cache-control': 'public, max-age=300', 'x-content-type-options': 'nosniff' };

@Controller()
export class ReferenceController {
  readonly #welcome = welcomeText();

  @Operation(getWelcome)
  async welcome(@Res() reply: FastifyReply): Promise<void> {
    await reply.headers(HEADERS).type('application/json; charset=utf-8').send(this.#welcome);
  }

  @Operation(getOpenapiDocument)
  async document(@Res() reply: FastifyReply): Promise<void> {
    await reply.headers(HEADERS).type('application/json; charset=utf-8').send(openapiText());
  }

  @Operation(getReferencePage)
  async page(@Res() reply: FastifyReply): Promise<void> {
    const headers = { ...HEADERS, 'content-security-policy': CONTENT_SECURITY_POLICY };
    await reply.headers(headers).type('text/html; charset=utf-8').send(referencePage());
  }

  @Operation(getReferencePageScript)
  async script(@Res() reply: FastifyReply): Promise<void> {
    await reply.headers(HEADERS).type('text/javascript; charset=utf-8').send(createReadStream(redocFile()));
  }
}
