import { problemsOfProject, problemsWith, problemsWithCompose } from './testing.ts';
import type { AnyTree } from './testing.ts';

/** A mistake, and a part of the message that must report it. */
type Mistake = readonly [name: string, change: (services: AnyTree) => void, found: RegExp];

const MISTAKES: readonly Mistake[] = [
  ['an unknown key', ({ auth }) => (auth.enviroment = {}), /additional properties.*enviroment/],
  ['an unknown condition', ({ xim }) => (xim.depends_on.nats.condition = 'up'), /condition must be equal/],
  ['an invalid $', ({ auth }) => (auth.environment.LOG_LEVEL = '$'), /has an invalid \$/],
  ['another Dockerfile', ({ auth }) => (auth.build.dockerfile = 'Dockerfile'), /services\.auth\.build\.dockerfile/],
  ['an open port', ({ gateway }) => (gateway.ports = ['8080:8080']), /services\.gateway\.ports\.0.*open to everybody/],

  ['an unknown target', ({ auth }) => (auth.build.target = 'atuh'), /builds the target 'atuh'/],
  ['an unknown program', ({ auth }) => (auth.command = ['node', 'apps/atuh/dist/main.js']), /not a program of/],
  ['a command of another program', ({ auth }) => (auth.command = ['npm', 'start']), /service auth runs '.*npm start'/],
  ['a service without a container', (services) => delete services.router, /no container runs apps\/router/],
  [
    'a service that the gateway does not wait for',
    (services) => delete services.gateway.depends_on.auth,
    /wait until auth is/,
  ],
  [
    'a server that a service does not wait for',
    ({ auth }) => delete auth.depends_on.postgres,
    /auth needs postgres, but does not/,
  ],

  ['an unknown variable', ({ xim }) => (xim.environment.XIM_MODLE_ID = 'x'), /is given XIM_MODLE_ID, which/],
  [
    'a variable of another service',
    ({ gateway }) => (gateway.environment.DATABASE_URL = 'postgres://x@postgres:5432/x'),
    /service gateway is given DATABASE_URL/,
  ],
  [
    'a missing required variable',
    ({ auth }) => delete auth.environment.AUTH_KEY_PEPPER,
    /service auth will not start: auth: AUTH_KEY_PEPPER is not set/,
  ],
  [
    'a missing required variable of a service that the seed calls',
    ({ seed }) => delete seed.environment.DATABASE_URL,
    /service seed will not start: router: DATABASE_URL is not set/,
  ],
  ['an invalid value', ({ xim }) => (xim.environment.XIM_ENGINE = 'lama'), /XIM_ENGINE is "lama"/],
  [
    'a model that is not in the image',
    ({ xim }) => (xim.environment.XIM_MODEL_PATH = '/app/models/x.gguf'),
    /x\.gguf, but/,
  ],
  [
    'a state folder that is not mounted',
    ({ seed }) => (seed.volumes = ['seed:/data']),
    /SEED_STATE_DIR=.*, but its image and volumes/,
  ],
  [
    'a longer grace period',
    ({ auth }) => (auth.environment.SHUTDOWN_GRACE_MS = '29000'),
    /killed after 30s, but drains for 29000/,
  ],
  ['a shorter stop_grace_period', ({ auth }) => delete auth.stop_grace_period, /service auth is killed after 10s/],

  [
    'a port without a listener',
    ({ gateway }) => (gateway.ports = ['127.0.0.1:8080:80']),
    /port 80, but listens on 8080/,
  ],
  [
    'a port that is not reachable from outside',
    ({ gateway }) => (gateway.environment.HTTP_HOST = '127.0.0.1'),
    /inside the container only/,
  ],
  ['another health port', ({ auth }) => (auth.environment.HEALTH_PORT = '9000'), /HEALTH_PORT=9000, which its image/],
  [
    'a health check of another port',
    ({ auth }) => (auth.healthcheck = { test: ['CMD', 'node', '-e', "fetch('http://127.0.0.1:80/readyz')"] }),
    /checked for health on 80, but HEALTH_PORT is 8081/,
  ],
  ['no health check', ({ nats }) => delete nats.healthcheck, /service nats has no health check/],
  ['an unknown server', ({ xim }) => (xim.environment.NATS_URL = 'nats://broker:4222'), /but no service is called/],
  ['a server on another port', ({ xim }) => (xim.environment.NATS_URL = 'nats://nats:4223'), /nats listens on 4222/],
  ['a server on another network', ({ xim }) => (xim.networks = ['edge']), /nats:4222, but they share no network/],
  [
    'an engine on another port',
    (services) => (services['xim-gpu'].environment.XIM_UPSTREAM_URL = 'http://vllm:8001/v1'),
    /leads to vllm:8001, but vllm listens on 8000/,
  ],
  [
    'an address that is not published',
    ({ seed }) => (seed.environment.SEED_PUBLIC_URL = 'http://127.0.0.1:9999'),
    /leads to 127\.0\.0\.1:9999, but nothing is published there/,
  ],

  ['logs without a bound', ({ redis }) => delete redis.logging, /service redis writes logs without a bound/],
  ['memory without a bound', ({ xim }) => delete xim.deploy, /service xim has no bound on its memory/],
  ['capabilities', ({ auth }) => delete auth.cap_drop, /service auth keeps capabilities/],
  [
    'a file system that can be written',
    ({ auth }) => (auth.read_only = false),
    /service auth can change its own files/,
  ],
  ['no restart policy', ({ nats }) => delete nats.restart, /service nats has no restart policy/],
  ['the socket of Docker', ({ xim }) => (xim.volumes = ['/var/run/docker.sock:/s']), /has the socket of Docker/],

  [
    'a server without a version',
    ({ redis }) => (redis.image = 'redis:alpine'),
    /runs 'redis:alpine': specify a version/,
  ],
  ['an image with the name of another', ({ auth }) => (auth.image = 'xerotier/router:local'), /call it xerotier\/auth/],
  ['images of several versions', ({ auth }) => (auth.image = 'xerotier/auth:1'), /our images have several tags/],
  [
    'a variable that is missing in the example',
    ({ auth }) => (auth.environment.LOG_LEVEL = '${AUTH_LOG_LEVEL:-info}'),
    /variable AUTH_LOG_LEVEL is not in deploy\/compose\.env\.example/,
  ],
  [
    'a variable with two defaults',
    ({ auth }) => (auth.environment.LOG_LEVEL = '${LOG_LEVEL:-warn}'),
    /variable LOG_LEVEL has several defaults/,
  ],
];

describe('the Compose file', () => {
  it('has no problem', async () => {
    expect(await problemsOfProject()).toEqual([]);
  });

  it.each(MISTAKES)('is rejected with %s', async (_, change, found) => {
    expect(await problemsWithCompose(change)).toContainEqual(expect.stringMatching(found));
  });
});

describe('the example of the variables', () => {
  it.each([
    ['a variable that is missing', 'LOG_LEVEL=info', '', /variable LOG_LEVEL is not in deploy/],
    ['an unused variable', 'LOG_LEVEL=info', 'LOG_LEVEL=info\nLOG_FORMAT=json', /has LOG_FORMAT, which docker-compose/],
    ['another default', 'LOG_LEVEL=info', 'LOG_LEVEL=debug', /LOG_LEVEL is debug in deploy.*, but 'info'/],
    ['a secret', 'AUTH_KEY_PEPPER=', `AUTH_KEY_PEPPER=${'a'.repeat(32)}`, /contains a value for AUTH_KEY_PEPPER/],
    ['no secret to generate', 'POSTGRES_PASSWORD=', '# ', /lacks POSTGRES_PASSWORD: .*sh deploy\/make-env\.sh/],
  ])('is rejected with %s', async (_, text, replacement, found) => {
    expect(await problemsWith('exampleEnv', text, replacement)).toContainEqual(expect.stringMatching(found));
  });
});

describe('the Dockerfile', () => {
  it.each([
    ['a missing file', 'COPY deploy/healthcheck.mjs', 'COPY deploy/helth.mjs', /names deploy\/helth\.mjs, which/],
    ['a missing probe', '"deploy/healthcheck.mjs"', '"deploy/helth.mjs"', /names deploy\/helth\.mjs, which/],
    [
      'a missing target of a service',
      'FROM platform AS auth',
      'FROM platform AS atuh',
      /has no target auth, which apps\/auth/,
    ],
    [
      'another program',
      '"apps/auth/dist/main.js"',
      '"apps/router/dist/main.js"',
      /target auth does not run apps\/auth/,
    ],
    [
      'missing code of a service',
      'COPY --from=build /out/apps/auth apps/auth\n',
      '',
      /target auth does not copy \/out\/apps\/auth/,
    ],
    ['missing dependencies', ' --workspace=apps/auth', '', /target auth lacks the dependencies of apps\/auth/],
    ['development dependencies', 'npm ci --omit=dev', 'npm ci', /contains development dependencies/],
    ['root', 'USER 1000:1000', 'USER root', /runs as 'root'/],
    ['a user that Kubernetes cannot check', 'USER 1000:1000', 'USER node', /runs as 'node'/],
    ['no init', '"/usr/bin/tini", "--"', '"/usr/bin/env"', /does not start with tini/],
    ['another signal', 'STOPSIGNAL SIGTERM', 'STOPSIGNAL SIGQUIT', /is not stopped by SIGTERM/],
    [
      'no version of its base',
      'NODE_IMAGE=node:24-bookworm-slim',
      'NODE_IMAGE=node:latest',
      /starts from 'node:latest'/,
    ],
    ['a secret in a layer', 'ENV NODE_ENV=production', 'ENV NODE_ENV=production NPM_TOKEN=abc', /puts NPM_TOKEN into/],
    [
      'a secret as an argument',
      'FROM ${NODE_IMAGE} AS base',
      'FROM ${NODE_IMAGE} AS base\nARG NPM_TOKEN',
      /puts NPM_TOKEN/,
    ],
    ['another health port', 'HEALTH_PORT=8081', 'HEALTH_PORT=9000', /target auth has another HEALTH_PORT than 8081/],
    ['another HTTP port', 'HTTP_PORT=8080', 'HTTP_PORT=80', /target gateway has another HTTP_PORT than 8080/],
    ['a port that it does not expose', 'EXPOSE 8080\n', '', /HTTP_PORT than 8080, or does not EXPOSE it/],
  ])('is rejected with %s', async (_, text, replacement, found) => {
    expect(await problemsWith('dockerfile', text, replacement)).toContainEqual(expect.stringMatching(found));
  });
});
