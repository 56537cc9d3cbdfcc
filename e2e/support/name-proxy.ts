/**
 * An HTTP proxy that takes every host name for one server, so that a program with `http_proxy` in its environment can use
 * names that no DNS server knows. It hands requests on as a load balancer would, with the host that was asked for.
 */
import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** @returns its URL, and how to stop it. */
export async function startNameProxy(target: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const { hostname, port } = new URL(target);
  const server: Server = createServer((request, response) => {
    const { pathname, search, host } = new URL(request.url ?? '/', 'http://nowhere.test');
    const { method, headers } = request;
    const onward = httpRequest({ hostname, port, method, path: pathname + search, headers: { ...headers, host } });
    onward.once('error', () => response.destroy());
    onward.once('response', (upstreamResponse) => {
      response.writeHead(upstreamResponse.statusCode ?? 0, upstreamResponse.headers);
      upstreamResponse.pipe(response);
    });
    request.pipe(onward);
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
