import { environmentOf } from './environment.ts';
import type { ServiceEntry } from './service-entry.ts';

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

describe('environmentOf', () => {
  const servers = { nats: 'nats://n', postgres: 'postgres://p', redis: 'redis://r' };

  it('contains the URLs of the required servers and the secrets, and nothing else', () => {
    const secrets = { FILES_MASTER_KEY: 'k', AUTH_KEY_PEPPER: 'p' };
    expect(environmentOf(entry, { servers, secrets })).toEqual({
      NATS_URL: 'nats://n',
      DATABASE_URL: 'postgres://p',
      FILES_MASTER_KEY: 'k',
    });
  });

  it('throws when a secret is missing', () => {
    expect(() => environmentOf(entry, { servers, secrets: {} })).toThrow('files needs the secret FILES_MASTER_KEY');
  });
});
