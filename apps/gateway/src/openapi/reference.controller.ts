/** `GET /`, `GET /openapi.json` and `GET /docs`: the reference of the public API, for anyone, and without anything from elsewhere. */
import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { PublicRoute } from '../access/require-scope.ts';
import { openapiText } from './document.ts';
import { CONTENT_SECURITY_POLICY, referencePage } from './reference-page.ts';
import { welcomeText } from './welcome.ts';

/** Seconds: it changes with a new version of the gateway only. */
const HEADERS = { 'cache-control': 'public, max-age=300', 'x-content-type-options': 'nosniff' };

@Controller()
export class ReferenceController {
  readonly #welcome = welcomeText();

  @Get()
  @PublicRoute()
  async greet(@Res() reply: FastifyReply): Promise<void> {
    await reply.headers(HEADERS).type('application/json; charset=utf-8').send(this.#welcome);
  }

  @Get('openapi.json')
  @PublicRoute()
  async document(@Res() reply: FastifyReply): Promise<void> {
    await reply.headers(HEADERS).type('application/json; charset=utf-8').send(openapiText());
  }

  @Get('docs')
  @PublicRoute()
  async page(@Res() reply: FastifyReply): Promise<void> {
    const headers = { ...HEADERS, 'content-security-policy': CONTENT_SECURITY_POLICY };
    await reply.headers(headers).type('text/html; charset=utf-8').send(referencePage());
  }
}
