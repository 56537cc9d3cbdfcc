import { capturedLog, silentLog } from '@xerotier/log/testing';
import { eventually, testServers } from '@xerotier/testing';
import { connectBus, serverOf } from './connection.ts';
import type { BusConnection } from './connection.ts';

const servers = testServers('nats');
const open: BusConnection[] = [];
afterEach(() => Promise.all(open.splice(0).map(({ nats }) => nats.close())));

describe('connectBus', () => {
  it('authenticates with the user and password of the URL', async () => {
    const connection = await connectBus({ url: servers.nats.url, name: 'test', log: silentLog() });
    open.push(connection);
    await connection.nats.flush();
    expect(connection.isConnected()).toBe(true);
  });

  it('authenticates again after a reconnect', async () => {
    const { log, lines } = capturedLog();
    const connection = await connectBus({ url: servers.nats.url, name: 'test', log });
    open.push(connection);
    await servers.nats.restart();
    await eventually('it is connected again', () => lines().some(({ msg }) => msg === 'nats reconnected'));
    await connection.nats.flush();
  });
});

describe('a connection without a server', () => {
  it('logs repeatedly, without the password, and keeps trying', async () => {
    const { log, lines } = capturedLog();
    await servers.nats.kill('SIGKILL');
    const connecting = connectBus({ url: servers.nats.url, name: 'test', log });
    await eventually('it is logged twice', () => lines().length >= 2, 15_000);
    const { url } = lines()[0] as { url: string };
    expect(lines()[0]).toMatchObject({ level: 'warn', msg: 'waiting for nats' });
    expect(new URL(url)).toMatchObject({ host: new URL(servers.nats.url).host, username: '', password: '' });
    await servers.nats.restart();
    open.push(await connecting);
    expect(open[0]?.isConnected()).toBe(true);
  }, 30_000);
});

describe('serverOf', () => {
  it.each([
    ['nats://127.0.0.1:4222', { servers: 'nats://127.0.0.1:4222' }],
    // Digits after the colon of a password are not parsed as the port.
    ['nats://app:1234@127.0.0.1:4222', { servers: 'nats://127.0.0.1:4222', user: 'app', pass: '1234' }],
    ['tls://app:p%40ss%20%22@nats.example', { servers: 'tls://nats.example', user: 'app', pass: 'p@ss "' }],
    ['nats://app:50%@nats.example', { servers: 'nats://nats.example', user: 'app', pass: '50%' }],
    ['nats://secret@[::1]:4222', { servers: 'nats://[::1]:4222', token: 'secret' }],
  ])('parses %s', (url, expected) => {
    expect(serverOf(url)).toEqual(expected);
  });
});
