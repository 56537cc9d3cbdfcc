import { secret, setting } from '@xerotier/config';
import type { SettingsTree } from '@xerotier/config';
import { z } from 'zod';
import { readRegistry } from './registry.ts';
import type { ServiceEntry } from './service-entry.ts';
import { settingsOf, settingsProblems } from './service-settings.ts';

const entry: ServiceEntry = {
  name: 'files',
  description: 'uploaded files',
  kind: 'service',
  needs: ['nats', 'postgres'],
  schema: 'files',
  secrets: ['FILES_MASTER_KEY'],
  settings: [],
  commands: ['migrate'],
  ports: { health: 8081 },
  image: 'files',
};
const settings: SettingsTree = {
  nats: setting('NATS_URL', z.string(), 'NATS.'),
  database: secret('DATABASE_URL', z.string(), 'PostgreSQL.'),
  key: secret('FILES_MASTER_KEY', z.string().length(64), 'A key.'),
  color: setting('COLOR', z.string().optional(), 'A colour.'),
};

describe('settingsProblems', () => {
  it.each(readRegistry().map((service) => [service.name, service] as const))(
    'returns none for %s',
    async (name, service) => {
      expect(settingsProblems(service, await settingsOf(name))).toEqual([]);
    },
  );

  it('returns none when an entry provides what the app requires', () => {
    expect(settingsProblems(entry, settings)).toEqual([]);
  });

  it.each<[string, Partial<ServiceEntry>, RegExp]>([
    [
      'a server that the app does not use',
      { needs: ['nats', 'postgres', 'redis'] },
      /needs REDIS_URL, which its config.ts/,
    ],
    ['a secret that the app does not read', { secrets: ['FILES_MASTER_KEY', 'FILES_PEPPER'] }, /needs FILES_PEPPER/],
    ['a missing required setting', { secrets: [] }, /does not give FILES_MASTER_KEY/],
    ['a server that it does not name', { needs: ['nats'] }, /does not give DATABASE_URL/],
    ['a secret that may be printed', { secrets: ['FILES_MASTER_KEY', 'COLOR'] }, /COLOR among its secrets/],
  ])('reports %s', (_, change, message) => {
    expect(settingsProblems({ ...entry, ...change }, settings)).toEqual([expect.stringMatching(message)]);
  });

  it('reports a secret that does not accept generated values', () => {
    const key = secret('FILES_MASTER_KEY', z.string().length(10), 'A key.');
    expect(settingsProblems(entry, { ...settings, key })).toEqual([
      expect.stringMatching('FILES_MASTER_KEY must accept 32 bytes in hexadecimal'),
    ]);
  });

  it('rejects an app without settings', async () => {
    await expect(settingsOf('flies')).rejects.toThrow('apps/flies/src/config.ts does not exist');
  });
});
