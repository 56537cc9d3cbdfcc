import type { Logger } from '@xerotier/log';
import { silentLog } from '@xerotier/log/testing';
import { eventually, testServers } from '@xerotier/testing';
import { connectBus } from './connection.ts';

const servers = testServers('nats');

describe('a connection', () => {
  it('that finds no server says so again and again, without the password, and goes on trying', async () => {
    const warned: unknown[] = [];
    const log: Logger = { ...silentLog(), warn: (message, fields) => void warned.push([message, fields]) };
    const { host } = new URL(servers.nats.url);
    await servers.nats.kill('SIGKILL');
    const connecting = connectBus({ url: servers.nats.url, name: 'test', log });
    await eventually('it says so twice', () => warned.length >= 2, 15_000);
    expect(warned[0]).toEqual(['waiting for nats', { host }]);
    await servers.nats.restart();
    const connection = await connecting;
    expect(connection.isConnected()).toBe(true);
    await connection.nats.close();
  }, 30_000);
});
