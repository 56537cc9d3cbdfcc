import { eventually } from '@xerotier/testing';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { textOf, thingsApp } from '../test/things-app.ts';

const things = thingsApp();

describe('a client that does not read the end of its response', () => {
  const RESPONSE = 'x'.repeat(20_000_000);

  async function endResponse(socket: Socket): Promise<void> {
    socket.on('error', () => undefined).write('GET /stream HTTP/1.1\r\nhost: x\r\n\r\n');
    await eventually('the response has begun', () => things.open.length === 1);
    things.open[0]?.end(RESPONSE);
  }

  beforeEach(async () => {
    await things.restart({ unreadResponseMs: 300 });
  });

  it('is disconnected', async () => {
    const client = connect(things.port, '127.0.0.1').pause();
    await endResponse(client);
    await eventually(
      'the connection is cut',
      () => things.open[0]?.destroyed === true || things.open[0]?.closed === true,
    );
    expect(things.open[0]?.writableFinished).toBe(false);
    client.destroy();
  });

  it('receives the whole response as long as it keeps reading, however slowly', async () => {
    const client = connect(things.port, '127.0.0.1').pause();
    await endResponse(client);
    // Sent before the first response is read; its response may take longer than the limit.
    client.write('GET /stream HTTP/1.1\r\nhost: x\r\n\r\n');
    let bytes = 0;
    client.on('data', (part: Buffer) => {
      bytes += part.length;
      client.pause();
      setTimeout(() => client.resume(), 3);
    });
    client.resume();
    await eventually('all is read', () => bytes > RESPONSE.length, 60_000);
    await eventually('the second response has begun', () => things.open.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 900));
    expect(client.destroyed).toBe(false);
    expect(things.open[1]?.destroyed).toBe(false);
    client.destroy();
  });
});

describe('shutdown', () => {
  it('finishes open responses, asks their clients to close, and accepts no new connections', async () => {
    const before = connect(things.port, '127.0.0.1');
    const everything = textOf(before);
    before.write('GET /stream HTTP/1.1\r\nhost: x\r\n\r\n');
    await eventually('the response has begun', () => things.open.length === 1);
    things.app.stopAccepting();
    await expect(fetch(`${things.url}/things/1`)).rejects.toThrow();
    things.open[0]?.end('and finished');
    // A client may send another request on an open connection; the response asks it to close the connection.
    before.write('GET /things/1 HTTP/1.1\r\nhost: x\r\n\r\n');
    const text = await everything;
    expect(text).toContain('and finished');
    const second = text.slice(text.lastIndexOf('HTTP/1.1'));
    expect(second).toMatch(/^HTTP\/1\.1 200 /);
    expect(second).toMatch(/connection: close/i);
  });

  it('closes idle connections', async () => {
    const idle = connect(things.port, '127.0.0.1');
    const everything = textOf(idle);
    idle.write('GET /things/1 HTTP/1.1\r\nhost: x\r\n\r\n');
    await things.accessLines(1);
    things.app.stopAccepting();
    expect(await everything).toContain('"id":"1"');
  });

  it('sends buffered data to slow clients before it closes', async () => {
    const slow = connect(things.port, '127.0.0.1').pause();
    slow.write('GET /stream HTTP/1.1\r\nhost: x\r\n\r\n');
    await eventually('the response has begun', () => things.open.length === 1);
    const response = 'x'.repeat(20_000_000);
    things.open[0]?.end(response);
    things.app.stopAccepting();
    const closed = things.app.close();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const everything = textOf(slow);
    slow.resume();
    expect((await everything).length).toBeGreaterThan(response.length);
    await closed;
  });

  it('closes the last connections, also without stopAccepting before', async () => {
    const client = connect(things.port, '127.0.0.1').on('error', () => undefined);
    const everything = textOf(client);
    client.write('GET /stream HTTP/1.1\r\nhost: x\r\n\r\n');
    await eventually('the response has begun', () => things.open.length === 1);
    await things.app.close();
    expect(await everything).toContain('begun');
    await expect(fetch(`${things.url}/things/1`)).rejects.toThrow();
  });
});
