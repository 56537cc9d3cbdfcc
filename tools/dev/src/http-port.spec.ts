import { freePort } from '@xerotier/local-servers';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { choosePort, portProblem, wantedPort } from './http-port.ts';

describe('choosePort', () => {
  it('returns the requested port, or any free one', async () => {
    const port = await freePort();
    expect(await choosePort(String(port))).toBe(port);
    for (const none of [undefined, '']) expect(await choosePort(none)).toBeGreaterThan(0);
  });

  it('rejects a requested port that is in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    await expect(choosePort(String(port))).rejects.toThrow(`Port ${port} (XEROTIER_PORT) is in use by another program`);
    server.close();
  });

  it.each(['0', '65536', '-1', '80.5', 'http', ' '])('rejects %j', (text) => {
    expect(() => wantedPort(text)).toThrow('expected a port between 1 and 65535');
  });

  it('distinguishes a privileged port from one in use', () => {
    expect(portProblem(80, 'forbidden')).toMatch(/not allowed for this user.*EACCES.*ip_unprivileged_port_start=80/);
    expect(portProblem(80, 'taken')).toContain('is in use');
    expect(portProblem(80, 'free')).toBeUndefined();
  });
});
