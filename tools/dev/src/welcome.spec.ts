import { execFileSync } from 'node:child_process';
import type { PlatformDescription } from './platform.ts';
import { welcome } from './welcome.ts';

const DESCRIPTION: PlatformDescription = {
  baseUrl: 'http://127.0.0.1:8080',
  projectUrl: 'http://127.0.0.1:8080/proj_1/v1',
  apiKey: 'xero_demo_key',
  managementKey: 'xero_demo_management',
  bootstrapToken: null,
  projectId: 'proj_1',
  endpointSlug: 'chat',
  model: 'xero-tiny',
  natsUrl: 'nats://user:hunter2@127.0.0.1:1',
  redisUrl: 'redis://:hunter2@127.0.0.1:2',
  databaseUrl: 'postgres://user:hunter2@127.0.0.1:3/xerotier',
  mailDirectory: '/srv/xerotier/mail',
  notices: [],
  services: {},
};

/** Returns the arguments that a shell parses from the pasted line. */
function pasted(text: string): string[] {
  const line = text.slice(text.indexOf('\ncurl '), text.indexOf('\n\nCtrl-C'));
  const shell = `curl() { for each in "$@"; do printf '%s\\0' "$each"; done; }; ${line}`;
  return execFileSync('sh', ['-c', shell], { encoding: 'utf8' }).split('\0').slice(0, -1);
}

describe('welcome', () => {
  it('contains address, key and model', () => {
    const text = welcome(DESCRIPTION);
    expect(text).toContain('http://127.0.0.1:8080/proj_1/chat/v1\n');
    expect(text).toContain('xero_demo_key\n');
    expect(text).toContain('xero-tiny (all of them: http://127.0.0.1:8080/proj_1/v1/models)\n');
    expect(text).toContain('http://127.0.0.1:8080/docs\n');
  });

  it.each(['xero-tiny', "it's a model", '$HOME `id` "quoted" \\ back'])(
    'contains a curl command that can be pasted into a shell, for the model %s',
    (model) => {
      const [url, ...rest] = pasted(welcome({ ...DESCRIPTION, model }));
      expect(url).toBe('http://127.0.0.1:8080/proj_1/chat/v1/chat/completions');
      expect(rest.slice(0, -1)).toEqual([
        '-H',
        'Authorization: Bearer xero_demo_key',
        '-H',
        'Content-Type: application/json',
        '-d',
      ]);
      expect(JSON.parse(rest.at(-1) ?? '')).toEqual({
        model,
        messages: [{ role: 'user', content: expect.any(String) }],
        max_tokens: 100,
      });
    },
  );

  it('contains how to become the first admin, as long as there is none', () => {
    expect(welcome(DESCRIPTION)).not.toContain('/api/v1/bootstrap');
    const text = welcome({ ...DESCRIPTION, bootstrapToken: 'the-token' });
    expect(text).toContain('curl http://127.0.0.1:8080/api/v1/bootstrap');
    expect(text).toContain('"token":"the-token"');
  });

  it('contains no other secret', () => {
    expect(welcome(DESCRIPTION)).not.toMatch(/hunter2|xero_demo_management/);
  });
});
