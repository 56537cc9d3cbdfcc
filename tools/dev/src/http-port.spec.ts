import { freePort } from '@xerotier/local-servers';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { choosePort, portProblem, wantedPort } from './http-port.ts';

describe('choosePort', () => {
  it('takes the wanted port, and any other that is free without a wish', async () => {
    const port = await freePort();
    expect(await choosePort(String(port))).toBe(port);
    for (const none of [undefined, '']) expect(await choosePort(none)).toBeGreaterThan(0);
  });

  it('says that the wanted one is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    await expect(choosePort(String(port))).rejects.toThrow(`Port ${port} (XEROTIER_PORT) is taken by another program`);
    server.close();
  });

  it.each(['0', '65536', '-1', '80.5', 'http', ' '])('says that %j is no port', (text) => {
    expect(() => wantedPort(text)).toThrow('it must be a port from 1 to 65535');
  });

  it('tells a port that this user may not have from a taken one', () => {
    expect(portProblem(80, 'forbidden')).toMatch(/not allowed for this user.*EACCES.*ip_unprivileged_port_start=80/);
    expect(portProblem(80, 'taken')).toContain('is taken');
    expect(portProblem(80, 'free')).toBeUndefined();
  });
});
