import { z } from 'zod';
import { ConfigError, inheritedVariables, listSettings, loadConfig, secret, setting } from './config.ts';
import { boolean, integer, logLevel, port, url } from './schemas.ts';

const settings = {
  nats: { url: setting('NATS_URL', url('nats', 'tls'), 'URL of NATS.') },
  http: {
    port: setting('HTTP_PORT', port.default(8080), 'Port of the public API.'),
    limits: { body: setting('BODY_MAX', integer({ min: 1, max: 10 }), 'Maximum size of a body.') },
  },
  pepper: secret('PEPPER', z.string().min(32), 'Mixed into hashes.'),
  color: setting('COLOR', z.enum(['red', 'green']).optional(), 'A colour.'),
} as const;
const GOOD = { NATS_URL: 'nats://127.0.0.1:4222', BODY_MAX: '7', PEPPER: 'p'.repeat(32) };

function problemsOf(env: Record<string, string>): string {
  try {
    loadConfig(settings, env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  return 'no problem';
}

describe('loadConfig', () => {
  it('reads a tree of settings, with defaults and optional values', () => {
    expect(loadConfig(settings, GOOD)).toEqual({
      nats: { url: 'nats://127.0.0.1:4222' },
      http: { port: 8080, limits: { body: 7 } },
      pepper: 'p'.repeat(32),
      color: undefined,
    });
  });

  it('reads the environment of this process by default', () => {
    process.env['XEROTIER_CONFIG_SPEC'] = 'there';
    const tree = { here: setting('XEROTIER_CONFIG_SPEC', z.string(), 'A test.') };
    expect(loadConfig(tree)).toEqual({ here: 'there' });
    delete process.env['XEROTIER_CONFIG_SPEC'];
    expect(() => loadConfig(tree)).toThrow('XEROTIER_CONFIG_SPEC is not set');
  });

  it('reports all missing and invalid variables at once, with the expected value', () => {
    const text = problemsOf({ BODY_MAX: '11', COLOR: 'blue', HTTP_PORT: '65536' });
    expect(text.split('\n')).toEqual([
      'Invalid configuration:',
      '  - NATS_URL is not set: it is required. URL of NATS.',
      '  - HTTP_PORT is "65536": must be an integer between 0 and 65535. Port of the public API.',
      '  - BODY_MAX is "11": must be an integer between 1 and 10. Maximum size of a body.',
      '  - PEPPER is not set: it is required. Mixed into hashes.',
      expect.stringMatching(/^ {2}- COLOR is "blue": .*red.*green.*\. A colour\.$/),
      expect.stringContaining('docs/generated/configuration.md'),
    ]);
  });

  it('treats an empty variable as not set', () => {
    expect(problemsOf({ ...GOOD, PEPPER: '' })).toContain('PEPPER is not set');
    expect(loadConfig(settings, { ...GOOD, HTTP_PORT: '', COLOR: '' })).toMatchObject({
      http: { port: 8080 },
      color: undefined,
    });
  });

  it('never prints the value of a secret', () => {
    const text = problemsOf({ ...GOOD, PEPPER: 'hunter2' });
    expect(text).toContain('PEPPER has an invalid value');
    expect(text).not.toContain('hunter2');
  });

  it('never prints the password of a URL', () => {
    for (const url of ['http://user:hunter2@nats:4222', 'nats//hunter2@x', 'http://u:hunter2/@\n@nats'])
      expect(problemsOf({ ...GOOD, NATS_URL: url })).not.toContain('hunter2');
    expect(problemsOf({ ...GOOD, NATS_URL: 'http://user:pass@nats:4222' })).toContain('"http://...@nats:4222"');
  });
});

describe('listSettings', () => {
  it('lists every setting of a tree in declaration order', () => {
    expect(listSettings(settings).map(({ variable, secret: hidden }) => [variable, hidden])).toEqual([
      ['NATS_URL', false],
      ['HTTP_PORT', false],
      ['BODY_MAX', false],
      ['PEPPER', true],
      ['COLOR', false],
    ]);
  });
});

describe('inheritedVariables', () => {
  it('returns the variables with matching names only, empty ones too', () => {
    const env = { PATH: '/bin', CUDA_VISIBLE_DEVICES: '', NATS_URL: 'nats://u:p@host', MY_PATH: '/x' };
    expect(inheritedVariables(/^(?:PATH|CUDA_)/, env)).toEqual({ PATH: '/bin', CUDA_VISIBLE_DEVICES: '' });
  });
});

describe('schemas', () => {
  const reads = (schema: z.ZodType, text: string): unknown => schema.safeParse(text).data;

  it.each([
    ['0', 0],
    ['-5', -5],
    ['007', 7],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ])('integer reads %p', (text, value) => {
    expect(reads(integer(), text)).toBe(value);
  });

  it.each(['', ' ', '1.5', '1e3', '0x10', '1 ', '+1', 'NaN', 'Infinity', '9007199254740992', '9'.repeat(400), '1_000'])(
    'integer rejects %p',
    (text) => {
      expect(integer().safeParse(text).success).toBe(false);
    },
  );

  it('integer enforces its bounds and reports them', () => {
    const schema = integer({ min: 2, max: 4 });
    expect(['1', '2', '4', '5'].map((text) => reads(schema, text))).toEqual([undefined, 2, 4, undefined]);
    expect(schema.safeParse('5').error?.issues[0]?.message).toBe('must be an integer between 2 and 4');
  });

  it('boolean reads true and false only', () => {
    expect(reads(boolean, 'true')).toBe(true);
    expect(reads(boolean, 'false')).toBe(false);
    for (const text of ['TRUE', '1', 'yes', ' true']) expect(boolean.safeParse(text).success).toBe(false);
  });

  it('url reads the given schemes only', () => {
    expect(reads(url('http', 'https'), 'https://example.test/v1')).toBe('https://example.test/v1');
    for (const text of ['ftp://x', 'example.test', '', 'https//x', 'javascript:alert(1)'])
      expect(url('http', 'https').safeParse(text).success).toBe(false);
  });

  it('port reads 0 to 65535', () => {
    expect(['0', '65535', '65536', '-1'].map((text) => reads(port, text))).toEqual([0, 65_535, undefined, undefined]);
  });

  it('logLevel defaults to info', () => {
    expect(logLevel.parse(undefined)).toBe('info');
    expect(reads(logLevel, 'silent')).toBe('silent');
    expect(logLevel.safeParse('verbose').success).toBe(false);
  });
});
