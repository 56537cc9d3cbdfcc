/** A browser on a page of the platform: it keeps the cookie of its session, and sends its origin. */
const COOKIE = /^__Host-session=([^;]*);/;

export class SiteVisitor {
  readonly #baseUrl: string;
  /** Of its session; empty after it has signed out. */
  token: string | undefined;

  constructor(baseUrl: string, token?: string) {
    this.#baseUrl = baseUrl;
    this.token = token;
  }

  /** The same session at another gateway. */
  at(baseUrl: string): SiteVisitor {
    return new SiteVisitor(baseUrl, this.token);
  }

  /** @param headers instead of `Origin`. */
  send(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Response> {
    return this.sendText(method, path, body === undefined ? undefined : JSON.stringify(body), headers);
  }

  /** As `send`, with a body that need not be JSON. */
  async sendText(
    method: string,
    path: string,
    body?: string,
    headers: Readonly<Record<string, string>> = { origin: this.#baseUrl },
  ): Promise<Response> {
    const response = await fetch(this.#baseUrl + path, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(this.token !== undefined && { cookie: `__Host-session=${this.token}` }),
        ...headers,
      },
      ...(body !== undefined && { body }),
      redirect: 'manual',
    });
    const cookies = response.headers.getSetCookie();
    const token = cookies.map((cookie) => COOKIE.exec(cookie)?.[1]).find((value) => value !== undefined);
    if (token !== undefined) this.token = token;
    return response;
  }
}

/** Returns status and code of an error. */
export async function errorOf(response: Response | Promise<Response>): Promise<[number, string | undefined]> {
  const received = await response;
  const { error } = (await received.json()) as { error?: { code: string } };
  return [received.status, error?.code];
}
