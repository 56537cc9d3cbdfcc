/** Sign-in by identity providers: `/api/v1/sign-in-providers`, `/api/v1/sign-in`. */
import { Controller, Param, Req, Res } from '@nestjs/common';
import { identitiesContract } from '@xerotier/contracts/auth';
import type { CompletedFlow } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import {
  beginSignIn,
  completePendingSignIn,
  completeSignIn,
  listSignInProviders,
} from '@xerotier/public-api/identities';
import type { BodyOf, QueryOf, ResponseOf } from '@xerotier/public-api/operation';
import { pageOf } from '@xerotier/public-api/page';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Operation } from '../operations/operation.decorator.ts';
import { OperationBody, OperationQuery } from '../operations/operation-params.ts';
import { hashOfToken, newSessionToken, sessionCookie, sessionTokenIn } from '../sessions/session-token.ts';
import { SessionsService } from '../sessions/sessions.service.ts';
import { removedSignInCookie, signInCookie, signInCookieIn } from '../sessions/sign-in-cookie.ts';
import { clientOf } from './client-of.ts';
import { providerOf } from './provider-of.ts';
import { publicSessionOf } from './public-account.ts';

const operations = identitiesContract.operations;
const PARAMETERS_LENGTH_MAX = 8_192;
const FOUND = 302;

@Controller()
export class SignInController {
  constructor(
    private readonly bus: Bus,
    private readonly sessions: SessionsService,
  ) {}

  @Operation(listSignInProviders)
  async listProviders(): Promise<ResponseOf<typeof listSignInProviders>> {
    const { data } = await this.bus.call(operations.listSignInProviders, {});
    return pageOf(
      data.map(({ id, name }) => ({ id, object: 'sign_in_provider' as const, name })),
      false,
    );
  }

  @Operation(beginSignIn)
  async begin(
    @Res() reply: FastifyReply,
    @Param('provider') provider: string,
    @OperationQuery() { return_to: returnTo }: QueryOf<typeof beginSignIn>,
  ): Promise<void> {
    const input = { provider: providerOf(provider), returnTo };
    const { authorizationUrl, flow, expiresAt } = await this.bus.call(operations.beginProviderSignIn, input);
    redirect(reply, authorizationUrl, [signInCookie(flow, expiresAt)]);
  }

  /** The query is that of the provider, and is checked by auth: it contains the code, and parameters of its own. */
  @Operation(completeSignIn)
  async complete(
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
    @Param('provider') provider: string,
  ): Promise<void> {
    const flow = signInCookieIn(request.headers.cookie);
    const parameters = new URL(request.url, 'http://host').search.slice(1);
    if (flow === undefined || parameters.length > PARAMETERS_LENGTH_MAX) throw new AppError('identity.sign_in_failed');
    const [token, current] = [newSessionToken(), sessionTokenIn(request.headers.cookie)];
    const completed = await this.bus.call(operations.completeProviderFlow, {
      ...{ provider: providerOf(provider), parameters, flow, requestId: request.id },
      ...{ tokenHash: hashOfToken(token), ...clientOf(request) },
      ...(current !== undefined && { currentTokenHash: hashOfToken(current) }),
    });
    if (completed.kind === 'linked') this.sessions.drop({ accountId: completed.accountId });
    const { location, cookies } = nextStepOf(completed, token);
    redirect(reply, location, cookies);
  }

  @Operation(completePendingSignIn)
  async completePending(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @OperationBody() { code }: BodyOf<typeof completePendingSignIn>,
  ): Promise<ResponseOf<typeof completePendingSignIn>> {
    const pending = signInCookieIn(request.headers.cookie);
    if (pending === undefined) throw new AppError('identity.sign_in_failed');
    const token = newSessionToken();
    const input = { pending, code, tokenHash: hashOfToken(token), ...clientOf(request) };
    const { session } = await this.bus.call(operations.completePendingSignIn, input);
    reply.header('set-cookie', [sessionCookie(token, session.expiresAt), removedSignInCookie]);
    return publicSessionOf(session, true);
  }
}

function nextStepOf(completed: CompletedFlow, token: string): { location: string; cookies: readonly string[] } {
  const { returnTo } = completed;
  switch (completed.kind) {
    case 'signed_in':
      return { location: returnTo, cookies: [sessionCookie(token, completed.session.expiresAt), removedSignInCookie] };
    case 'linked':
      return { location: returnTo, cookies: [removedSignInCookie] };
    case 'second_factor_required':
      return {
        location: withParameter(returnTo, 'second_factor', 'required'),
        cookies: [signInCookie(completed.pending, completed.expiresAt)],
      };
  }
}

/** Appends a parameter to the query of a path. */
function withParameter(path: string, name: string, value: string): string {
  const [beforeFragment = '', ...fragment] = path.split('#');
  const separator = beforeFragment.includes('?') ? '&' : '?';
  return [`${beforeFragment}${separator}${name}=${value}`, ...fragment].join('#');
}

function redirect(reply: FastifyReply, location: string, cookies: readonly string[]): void {
  // The URL of a callback contains a code, which no other site should see.
  reply.headers({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
  reply.header('set-cookie', [...cookies]).redirect(location, FOUND);
}
