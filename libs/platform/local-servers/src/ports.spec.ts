import { once } from 'node:events';
import { createServer } from 'node:net';
import { freePort, isPortFree } from './ports.ts';

describe('ports', () => {
  it('hands out ports that are free, each one once, and outside the range of outgoing connections', async () => {
    const ports = await Promise.all(Array.from({ length: 20 }, freePort));
    expect(new Set(ports).size).toBe(20);
    for (const port of ports) {
      expect(port).toBeLessThan(32_768);
      expect(await isPortFree(port)).toBe(true);
    }
  });

  it.each(['127.0.0.1', '0.0.0.0'])('does not call a port free while somebody listens on %s', async (host) => {
    const port = await freePort();
    const server = createServer().listen(port, host);
    await once(server, 'listening');
    expect(await isPortFree(port)).toBe(false);
    server.close();
    await once(server, 'close');
    expect(await isPortFree(port)).toBe(true);
  });
});
