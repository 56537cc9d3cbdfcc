import { errorOf, thingsApp } from '../test/things-app.ts';
import type { HttpAppOptions } from './http-app.ts';

const things = thingsApp();

describe('a path', () => {
  const requested = async (target: string): Promise<{ status: string; body: unknown }> => {
    const response = await things.raw(`GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    return { status: response.slice(9, 12), body: JSON.parse(response.slice(response.indexOf('\r\n\r\n'))) as unknown };
  };

  it.each(['/things/1/', '//things/1', '/things//1', '///things///1///', '/things/1/?a=//b/', 'http://y/things/1/'])(
    'is the same with further slashes: %s',
    async (target) => {
      expect(await requested(target)).toMatchObject({ status: '200', body: { id: '1' } });
    },
  );

  it('below a route that takes any path is the same with further slashes', async () => {
    expect(await requested('/trees//oak//left/')).toMatchObject({ status: '200', body: { path: 'oak/left' } });
  });

  it.each(['/things%2F1', '/things/1%2F2/3', '/things/1/2', '/things\\1', '/things/./1', '/things/../things/1'])(
    'is another one when its slashes are encoded or it has more parts: %s',
    async (target) => {
      expect(await requested(target)).toMatchObject({ status: '404', body: { error: { code: 'unknown_url' } } });
    },
  );

  it('keeps an encoded slash inside a name', async () => {
    expect(await requested('/things/a%2Fb/')).toMatchObject({ status: '200', body: { id: 'a/b' } });
  });

  it('with further slashes has the same methods', async () => {
    const response = await fetch(`${things.url}//things/1/`, { method: 'POST' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('that is not there is told with the hint of the application, and otherwise with where to look', async () => {
    const messageOf = async (): Promise<unknown> =>
      (await errorOf(await fetch(`${things.url}/nothing//here/?key=1`)))['message'];
    expect(await messageOf()).toBe('Unknown request URL: GET /nothing/here. Check the method and the path.');
    await things.restart({ unknownUrlHint: (path) => `${path}, really?` });
    expect(await messageOf()).toBe('Unknown request URL: GET /nothing/here. /nothing/here, really?');
  });
});

describe('an application that rewrites URLs', () => {
  const rewriteUrl = (host: string | undefined, path: string): string => `/things/${host ?? 'none'}${path}`;
  const hostOf = async (...headers: string[]): Promise<unknown> => {
    const response = await things.raw(['GET /x HTTP/1.1', ...headers, 'connection: close', '', ''].join('\r\n'));
    return JSON.parse(response.slice(response.indexOf('\r\n\r\n')));
  };
  const restart = async (options: Partial<HttpAppOptions>): Promise<void> => {
    await things.restart({ rewriteUrl: (host) => `/things/${encodeURIComponent(host ?? 'none')}`, ...options });
  };

  it('routes the new one, and names it in errors', async () => {
    await restart({ rewriteUrl });
    expect(await hostOf('host: a')).toMatchObject({ error: { message: expect.stringContaining('/things/a/x') } });
  });

  it('goes by the Host header, and not by what a client says that it was', async () => {
    await restart({});
    expect(await hostOf('host: a:80', 'x-forwarded-host: b')).toMatchObject({ id: 'a:80' });
    expect(await hostOf('host: a', 'forwarded: host=b', 'x-host: b')).toMatchObject({ id: 'a' });
  });

  it('goes by what its proxy says when there is one: the last that was appended', async () => {
    await restart({ trustedProxies: 1 });
    expect(await hostOf('host: a', 'x-forwarded-host: b')).toMatchObject({ id: 'b' });
    expect(await hostOf('host: a', 'x-forwarded-host: c, b')).toMatchObject({ id: 'b' });
    expect(await hostOf('host: a', 'x-forwarded-host: c', 'x-forwarded-host: b')).toMatchObject({ id: 'b' });
    expect(await hostOf('host: a')).toMatchObject({ id: 'a' });
  });
});

describe('a wrong method', () => {
  it('is told the right ones', async () => {
    const response = await fetch(`${things.url}/things/1`, { method: 'POST' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD');
    expect(await errorOf(response)).toMatchObject({
      code: 'method_not_allowed',
      message: 'POST is not allowed on /things/1.',
    });
  });

  it('is told the right ones below a path that ends in anything', async () => {
    const response = await fetch(`${things.url}/trees/oak/left`, { method: 'DELETE' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('on a path that is not there is 404 without any', async () => {
    for (const path of ['/thing/1', '/things/1/2', '/things', '/tree/oak', '/', '/*']) {
      const response = await fetch(things.url + path, { method: 'PUT' });
      expect([path, response.status]).toEqual([path, path === '/things' ? 405 : 404]);
      if (path !== '/things') expect(response.headers.get('allow')).toBeNull();
    }
  });
});
