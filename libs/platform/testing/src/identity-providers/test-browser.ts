/** A browser that follows redirects between sites, and keeps the cookies of each. */
export class TestBrowser {
  /** By origin and name. */
  readonly #cookies = new Map<string, Map<string, string>>();

  /** Sends one request with the cookies of the site, and keeps those of the response. Redirects are not followed. */
  async send(url: string, { headers, ...init }: RequestInit = {}): Promise<Response> {
    const cookies = this.cookiesOf(url);
    const sent = new Headers(headers);
    if (cookies.size > 0) sent.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    const response = await fetch(url, { ...init, headers: sent, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const [name = '', ...value] = pair.split('=');
      if (/; *(max-age=0|expires=Thu, 01 Jan 1970)/i.test(line)) cookies.delete(name);
      else cookies.set(name, value.join('='));
    }
    return response;
  }

  /** Follows redirects from a page, until one leads to a URL that begins with `target`. @returns that URL, which is not requested. */
  async followTo(url: string, target: string): Promise<URL> {
    let at = url;
    for (let i = 0; i < 10; i++) {
      const response = await this.send(at);
      const location = response.headers.get('location');
      if (location === null)
        throw new Error(`${at} is a ${response.status} without a redirect: ${await response.text()}`);
      at = new URL(location, at).href;
      if (at.startsWith(target)) return new URL(at);
    }
    throw new Error(`too many redirects, the last one to ${at}`);
  }

  /** The cookies of the site of a URL, by name; changes take effect. */
  cookiesOf(url: string): Map<string, string> {
    const { origin } = new URL(url);
    const cookies = this.#cookies.get(origin) ?? new Map<string, string>();
    this.#cookies.set(origin, cookies);
    return cookies;
  }
}
