/**
 * An HTTP proxy that forwards every host name to one server, so that programs with `http_proxy` in their environment can use
 * names that are not in DNS. Like a load balancer, it forwards the requested host.
 */
import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** @returns the URL of the proxy, and a function that stops it. */
export async function startNameProxy(target: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const { hostname, port } = new URL(target);
  const server: Server = createServer((request, response) => {
    const { pathname, search, host } = new URL(request.url ?? '/', 'http://nowhere.test');
    const { method, headers } = request;
    const forwarded = httpRequest({ hostname, port, method, path: pathname + search, headers: { ...headers, host } });
    forwarded.once('error', () => response.destroy());
    forwarded.once('response', (upstreamResponse) => {
      response.writeHead(upstreamResponse.statusCode ?? 0, upstreamResponse.headers);
      upstreamResponse.pipe(response);
    });
    request.pipe(forwarded);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
