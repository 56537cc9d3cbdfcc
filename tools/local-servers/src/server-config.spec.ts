import { natsConfig } from './nats.ts';
import { postgresConfig } from './postgres.ts';
import { redisConfig } from './redis.ts';

describe('natsConfig', () => {
  const base = {
    port: 4001,
    password: 'a"b\\c',
    serverName: 'one',
    storeDir: '/data/a "quoted" \\ folder',
    maxPayloadBytes: 1_048_576,
    memoryStoreBytesMax: 1,
    fileStoreBytesMax: 2,
  };

  it('listens on the loopback address only and quotes paths', () => {
    const config = natsConfig(base);
    expect(config).toContain('host: "127.0.0.1"\nport: 4001\n');
    expect(config).toContain('store_dir: "/data/a \\"quoted\\" \\\\ folder"');
    expect(config).not.toContain('http:');
  });

  it('requires user and password', () => {
    expect(natsConfig(base)).toContain('authorization {\n  user: "xerotier"\n  password: "a\\"b\\\\c"\n}\n');
  });

  it('allows more pending data than the largest message, as NATS requires', () => {
    expect(natsConfig({ ...base, maxPayloadBytes: 64 * 1_048_576 })).toContain(`max_pending: ${128 * 1_048_576}`);
  });

  it('opens monitoring pages only on request, on the loopback address', () => {
    expect(natsConfig({ ...base, monitorPort: 4002 })).toContain('http: "127.0.0.1:4002"');
  });
});

describe('redisConfig', () => {
  const base = { port: 4003, dir: '/data/r', keepsProcessTitle: true, password: 'a"b' };

  it('uses an append-only file and no eviction', () => {
    const lines = redisConfig(base).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'bind 127.0.0.1',
        'appendonly yes',
        'appendfsync everysec',
        'maxmemory-policy noeviction',
      ]),
    );
    expect(lines.join()).not.toMatch(/maxmemory \d/);
  });

  it('omits a setting that an old Redis does not support', () => {
    expect(redisConfig(base)).toContain('set-proc-title');
    expect(redisConfig({ ...base, keepsProcessTitle: false })).not.toContain('set-proc-title');
  });

  it('appends extra lines, which override the others', () => {
    expect(redisConfig({ ...base, extraConfig: 'appendonly no' })).toMatch(/\nappendonly no\n$/);
  });

  it('requires the password', () => {
    expect(redisConfig(base)).toContain('requirepass "a\\"b"\n');
  });
});

describe('postgresConfig', () => {
  it('listens on the loopback address only, without a socket file', () => {
    const config = postgresConfig({ port: 4004, connectionsMax: 7, isDurable: true });
    expect(config).toContain("listen_addresses = '127.0.0.1'\nport = 4004\nunix_socket_directories = ''\n");
    expect(config).toContain('max_connections = 7');
    expect(config).not.toContain('fsync');
  });

  it('turns durability off only on request', () => {
    const config = postgresConfig({ port: 1, connectionsMax: 7, isDurable: false });
    expect(config).toContain('fsync = off');
    expect(config).not.toContain('synchronous_commit');
  });
});
