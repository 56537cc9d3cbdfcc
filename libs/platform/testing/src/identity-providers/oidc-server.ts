import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';

export interface OidcUser {
  readonly email?: string;
  readonly emailVerified?: boolean;
  readonly name?: string;
}

/** An OpenID Connect provider. Whoever a test appends to the authorization URL, as `login_hint`, is signed in without a page. */
export class OidcServer {
  readonly clientId = 'xerotier';
  readonly clientSecret = randomBytes(32).toString('hex');
  /** By subject. */
  readonly users = new Map<string, OidcUser>();
  readonly #redirectUris: string[];
  readonly #isInIdToken: boolean;
  #server: Server | undefined;
  #provider: Provider | undefined;

  /** @param isInIdToken whether the address is in the ID token too, instead of at the user info endpoint only; default false. */
  constructor(redirectUris: readonly string[] = [], { isInIdToken = false }: { readonly isInIdToken?: boolean } = {}) {
    this.#redirectUris = [...redirectUris];
    this.#isInIdToken = isInIdToken;
  }

  /** Registers a callback URL that was not known when the server started. */
  allowRedirectTo(uri: string): void {
    this.#redirectUris.push(uri);
    this.#provider = this.#newProvider();
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.#server?.address() as AddressInfo).port}`;
  }

  /** The settings of a service that uses it. */
  get env(): Record<string, string> {
    return {
      OIDC_ISSUER: this.issuer,
      OIDC_CLIENT_ID: this.clientId,
      OIDC_CLIENT_SECRET: this.clientSecret,
      OIDC_NAME: 'Example SSO',
    };
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#server = server;
    this.#provider = this.#newProvider();
  }

  stop(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
  }

  #newProvider(): Provider {
    const { clientId, clientSecret } = this;
    return new Provider(this.issuer, {
      clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: this.#redirectUris }],
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
      conformIdTokenClaims: !this.#isInIdToken,
      cookies: { keys: [randomBytes(16).toString('hex')] },
      features: { devInteractions: { enabled: false } },
      interactions: { url: (_, { uid }) => `/interaction/${uid}` },
      findAccount: (_, sub) => ({ accountId: sub, claims: () => this.#claimsOf(sub) }),
      // Everybody has consented.
      loadExistingGrant: async ({ oidc }) => {
        const grant = new oidc.provider.Grant({ accountId: oidc.session?.accountId, clientId });
        grant.addOIDCScope('openid email profile');
        await grant.save();
        return grant;
      },
    });
  }

  #claimsOf(sub: string): { sub: string } & Record<string, unknown> {
    const { email, emailVerified = true, name } = this.users.get(sub) ?? {};
    return {
      sub,
      ...(email !== undefined && { email, email_verified: emailVerified }),
      ...(name !== undefined && { name }),
    };
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const provider = this.#provider;
    if (provider === undefined) throw new Error('it is not running');
    if (request.url?.startsWith('/interaction/') !== true) return void (await provider.callback()(request, response));
    const { params } = await provider.interactionDetails(request, response);
    const login = { accountId: String(params['login_hint']) };
    await provider.interactionFinished(request, response, { login });
  }
}
