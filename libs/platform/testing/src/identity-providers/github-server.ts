import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface GithubUser {
  readonly id: number;
  readonly login: string;
  readonly name?: string | null;
  readonly emails: readonly { readonly email: string; readonly primary: boolean; readonly verified: boolean }[];
}

interface Grant {
  readonly user: GithubUser;
  readonly challenge: string;
  readonly redirectUri: string;
}

/**
 * The endpoints of GitHub that a sign-in uses: authorization, token, user and addresses. The user who authorizes is the one whose
 * id a test appends to the authorization URL, as `as`, with `email` if it is a new user; without one, access is denied.
 */
export class GithubServer {
  readonly clientId = 'Iv1.test';
  readonly clientSecret = randomBytes(16).toString('hex');
  readonly users = new Map<number, GithubUser>();
  /** What happens to requests for a token and to the API; default `up`. */
  state: 'up' | 'slow' | 'failing' | 'endless' | 'redirecting' = 'up';
  /** The paths of requests that were not sent by a browser. */
  readonly requests: string[] = [];
  readonly #grants = new Map<string, Grant>();
  readonly #tokens = new Map<string, GithubUser>();
  #server: Server | undefined;

  get url(): string {
    return `http://127.0.0.1:${(this.#server?.address() as AddressInfo).port}`;
  }

  /** The settings of a service that uses it. */
  get env(): Record<string, string> {
    return {
      GITHUB_CLIENT_ID: this.clientId,
      GITHUB_CLIENT_SECRET: this.clientSecret,
      GITHUB_URL: this.url,
      GITHUB_API_URL: this.url,
    };
  }

  /** Adds a user, with a verified address unless told otherwise. */
  addUser(
    email: string,
    { isVerified = true, ...values }: Partial<GithubUser> & { isVerified?: boolean } = {},
  ): GithubUser {
    const id = randomBytes(4).readUInt32BE();
    const emails = [
      { email: `other-${email}`, primary: false, verified: true },
      { email, primary: true, verified: isVerified },
    ];
    const user = { id, login: `user-${id}`, name: 'Ada', emails, ...values };
    this.users.set(user.id, user);
    return user;
  }

  async start(): Promise<void> {
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
    await new Promise<void>((resolve) => this.#server?.listen(0, '127.0.0.1', resolve));
  }

  stop(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', this.url);
    if (url.pathname === '/login/oauth/authorize') return this.#authorize(url.searchParams, response);
    this.requests.push(url.pathname);
    if (this.state !== 'up') return this.#misbehave(response);
    if (url.pathname === '/login/oauth/access_token') return this.#exchange(await text(request), response);
    const user = this.#tokens.get(request.headers.authorization?.replace('Bearer ', '') ?? '');
    if (user === undefined) return json(response, 401, { message: 'Bad credentials' });
    if (url.pathname === '/user')
      return json(response, 200, { id: user.id, login: user.login, name: user.name ?? null });
    if (url.pathname === '/user/emails') return json(response, 200, user.emails);
    json(response, 404, { message: 'Not Found' });
  }

  #authorize(query: URLSearchParams, response: ServerResponse): void {
    const back = new URL(query.get('redirect_uri') ?? '');
    back.searchParams.set('state', query.get('state') ?? '');
    const [id, email] = [Number(query.get('as')), query.get('email')];
    const user = this.users.get(id) ?? (email === null ? undefined : this.addUser(email, { id }));
    if (query.get('client_id') !== this.clientId || query.get('code_challenge_method') !== 'S256')
      return void response.writeHead(400).end();
    if (user === undefined) back.searchParams.set('error', 'access_denied');
    else {
      const code = randomBytes(10).toString('hex');
      const challenge = query.get('code_challenge') ?? '';
      this.#grants.set(code, { user, challenge, redirectUri: query.get('redirect_uri') ?? '' });
      back.searchParams.set('code', code);
    }
    response.writeHead(302, { location: back.href }).end();
  }

  /** Errors have the status 200, as at GitHub. */
  #exchange(body: string, response: ServerResponse): void {
    const form = new URLSearchParams(body);
    const code = form.get('code') ?? '';
    const grant = this.#grants.get(code);
    this.#grants.delete(code);
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (form.get('client_secret') !== this.clientSecret)
      return json(response, 200, { error: 'incorrect_client_credentials' });
    if (grant === undefined || grant.challenge !== challenge || grant.redirectUri !== form.get('redirect_uri'))
      return json(response, 200, { error: 'bad_verification_code' });
    const token = `gho_${randomBytes(18).toString('hex')}`;
    this.#tokens.set(token, this.users.get(grant.user.id) ?? grant.user);
    json(response, 200, { access_token: token, token_type: 'bearer', scope: 'read:user,user:email' });
  }

  /** A slow server never responds. */
  #misbehave(response: ServerResponse): void {
    if (this.state === 'failing') json(response, 502, { message: 'Bad Gateway' });
    if (this.state === 'redirecting') response.writeHead(307, { location: `${this.url}/stolen` }).end();
    if (this.state === 'endless') {
      response.writeHead(200, { 'content-type': 'application/json' });
      const chunk = Buffer.alloc(64 * 1_024, ' ');
      const write = (): void => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', write);
      write();
    }
  }
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}
