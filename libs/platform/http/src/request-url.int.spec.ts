import { errorOf, thingsApp } from '../test/things-app.ts';
import type { HttpAppOptions } from './http-app.ts';

const things = thingsApp();

describe('a request path', () => {
  const requested = async (target: string): Promise<{ status: string; body: unknown }> => {
    const response = await things.raw(`GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    return { status: response.slice(9, 12), body: JSON.parse(response.slice(response.indexOf('\r\n\r\n'))) as unknown };
  };

  it.each(['/things/1/', '//things/1', '/things//1', '///things///1///', '/things/1/?a=//b/', 'http://y/things/1/'])(
    'ignores extra slashes: %s',
    async (target) => {
      expect(await requested(target)).toMatchObject({ status: '200', body: { id: '1' } });
    },
  );

  it('ignores extra slashes below a wildcard route', async () => {
    expect(await requested('/trees//oak//left/')).toMatchObject({ status: '200', body: { path: 'oak/left' } });
  });

  it.each(['/things%2F1', '/things/1%2F2/3', '/things/1/2', '/things\\1', '/things/./1', '/things/../things/1'])(
    'differs when its slashes are encoded or it has more segments: %s',
    async (target) => {
      expect(await requested(target)).toMatchObject({ status: '404', body: { error: { code: 'unknown_url' } } });
    },
  );

  it('keeps an encoded slash inside a segment', async () => {
    expect(await requested('/things/a%2Fb/')).toMatchObject({ status: '200', body: { id: 'a/b' } });
  });

  it('with extra slashes has the same methods', async () => {
    const response = await fetch(`${things.url}//things/1/`, { method: 'POST' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('that is unknown is 404 with the hint of the application, or a default one', async () => {
    const messageOf = async (): Promise<unknown> =>
      (await errorOf(await fetch(`${things.url}/nothing//here/?key=1`)))['message'];
    expect(await messageOf()).toBe('Unknown request URL: GET /nothing/here. Check the method and the path.');
    await things.restart({ unknownUrlHint: (path) => `${path}, really?` });
    expect(await messageOf()).toBe('Unknown request URL: GET /nothing/here. /nothing/here, really?');
  });
});

describe('rewriteUrl', () => {
  const rewriteUrl = (host: string | undefined, path: string): string => `/things/${host ?? 'none'}${path}`;
  const hostOf = async (...headers: string[]): Promise<unknown> => {
    const response = await things.raw(['GET /x HTTP/1.1', ...headers, 'connection: close', '', ''].join('\r\n'));
    return JSON.parse(response.slice(response.indexOf('\r\n\r\n')));
  };
  const restart = async (options: Partial<HttpAppOptions>): Promise<void> => {
    await things.restart({ rewriteUrl: (host) => `/things/${encodeURIComponent(host ?? 'none')}`, ...options });
  };

  it('routes the rewritten URL, and names it in errors', async () => {
    await restart({ rewriteUrl });
    expect(await hostOf('host: a')).toMatchObject({ error: { message: expect.stringContaining('/things/a/x') } });
  });

  it('uses the Host header, not forwarding headers of a client', async () => {
    await restart({});
    expect(await hostOf('host: a:80', 'x-forwarded-host: b')).toMatchObject({ id: 'a:80' });
    expect(await hostOf('host: a', 'forwarded: host=b', 'x-host: b')).toMatchObject({ id: 'a' });
  });

  it('uses the last X-Forwarded-Host behind a trusted proxy', async () => {
    await restart({ trustedProxies: 1 });
    expect(await hostOf('host: a', 'x-forwarded-host: b')).toMatchObject({ id: 'b' });
    expect(await hostOf('host: a', 'x-forwarded-host: c, b')).toMatchObject({ id: 'b' });
    expect(await hostOf('host: a', 'x-forwarded-host: c', 'x-forwarded-host: b')).toMatchObject({ id: 'b' });
    expect(await hostOf('host: a')).toMatchObject({ id: 'a' });
  });
});

describe('a wrong method', () => {
  it('is 405 with the allowed methods', async () => {
    const response = await fetch(`${things.url}/things/1`, { method: 'POST' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD');
    expect(await errorOf(response)).toMatchObject({
      code: 'method_not_allowed',
      message: 'POST is not allowed on /things/1.',
    });
  });

  it('is 405 with the allowed methods below a wildcard route', async () => {
    const response = await fetch(`${things.url}/trees/oak/left`, { method: 'DELETE' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('on an unknown path is 404 without them', async () => {
    for (const path of ['/thing/1', '/things/1/2', '/things', '/tree/oak', '/', '/*']) {
      const response = await fetch(things.url + path, { method: 'PUT' });
      expect([path, response.status]).toEqual([path, path === '/things' ? 405 : 404]);
      if (path !== '/things') expect(response.headers.get('allow')).toBeNull();
    }
  });
});
