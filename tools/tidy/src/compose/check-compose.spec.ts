import type { AnyTree } from './testing.ts';
import { problemsOfProject, problemsWith, problemsWithCompose } from './testing.ts';

/** One mistake, and a part of the one sentence that has to find it. */
type Mistake = readonly [name: string, change: (file: AnyTree) => void, found: RegExp];

const mistakes: Readonly<Record<string, readonly Mistake[]>> = {
  'the shape of the file': [
    [
      'a key that Compose does not know',
      ({ services }) => (services.auth.enviroment = {}),
      /services\.auth .*additional properties.*enviroment/,
    ],
    [
      'a number where a text belongs',
      ({ services }) => (services.auth.image = 5),
      /services\.auth\.image must be string/,
    ],
    [
      'a condition that does not exist',
      ({ services }) => (services.xim.depends_on.nats.condition = 'healthy'),
      /condition must be equal to one of/,
    ],
  ],
  'what it names': [
    [
      'a target that the Dockerfile does not have',
      ({ services }) => (services.auth.build.target = 'atuh'),
      /service auth builds the target 'atuh'/,
    ],
    [
      'another Dockerfile',
      ({ services }) => (services.auth.build.dockerfile = 'Dockerfile'),
      /built from Dockerfile, which does not exist/,
    ],
    [
      'another context',
      ({ services }) => (services.auth.build.context = './apps'),
      /built from apps\/deploy\/Dockerfile, which does not exist/,
    ],
    [
      'a command that is not there',
      ({ services }) => (services.auth.command = ['node', 'apps/atuh/dist/main.js']),
      /runs apps\/atuh\/dist\/main\.js, but there is no apps\/atuh\/src\/main\.ts/,
    ],
    [
      'a command that is none of ours',
      ({ services }) => (services.auth.command = ['npm', 'start']),
      /service auth runs '.*npm start'/,
    ],
    [
      'a file of the host that is not there',
      ({ configs }) => (configs.nats.file = 'deploy/nats.cfg'),
      /config nats is the file deploy\/nats\.cfg/,
    ],
    [
      'a mounted path that is not there',
      ({ services }) => (services.xim.volumes = ['./models:/models']),
      /uses \.\/models of this machine/,
    ],
    [
      'an env file that is not there',
      ({ services }) => (services.xim.env_file = 'deploy/xim.env'),
      /uses deploy\/xim\.env of this machine/,
    ],
    [
      'a network that is not declared',
      ({ services }) => services.xim.networks.push('buss'),
      /network buss is used, but not declared/,
    ],
    [
      'a network that nobody uses',
      ({ networks }) => (networks.old = {}),
      /network old is declared, but nobody uses it/,
    ],
    ['a volume that is not declared', ({ volumes }) => delete volumes.redis, /volume redis is used, but not declared/],
    ['a config that is not declared', ({ configs }) => delete configs.nats, /config nats is used, but not declared/],
    [
      'a secret that is not declared',
      ({ services }) => (services.xim.secrets = ['key']),
      /secret key is used, but not declared/,
    ],
    [
      'a service that is not there',
      ({ services }) => delete services.redis && (services.auth.depends_on.redis = { condition: 'service_started' }),
      /service auth waits for redis, which does not exist/,
    ],
    [
      'health that nobody checks',
      ({ services }) => delete services.nats.healthcheck,
      /waits for nats to be healthy, but it has no health check/,
    ],
    [
      'an end that never comes',
      ({ services }) => (services.seed.restart = 'unless-stopped'),
      /waits for seed to end, but it is started again/,
    ],
    [
      'a service of a profile',
      ({ services }) => (services.gateway.depends_on.vllm = { condition: 'service_healthy' }),
      /waits for vllm, which only starts with the profile gpu/,
    ],
  ],
  settings: [
    [
      'a variable that the service does not read',
      ({ services }) => (services.xim.environment.XIM_MODLE_ID = 'x'),
      /service xim is given XIM_MODLE_ID, which apps\/xim\/dist\/main\.js does not read/,
    ],
    [
      'a variable of another service',
      ({ services }) => (services.gateway.environment.DATABASE_URL = 'postgres://x@postgres:5432/x'),
      /service gateway is given DATABASE_URL/,
    ],
    [
      'a required variable that is not given',
      ({ services }) => delete services.auth.environment.AUTH_KEY_PEPPER,
      /service auth: auth will not start\. AUTH_KEY_PEPPER is not set/,
    ],
    [
      'a required variable of a service that the seed calls',
      ({ services }) => delete services.seed.environment.DATABASE_URL,
      /service seed: router will not start\. DATABASE_URL is not set/,
    ],
    [
      'a value that does not fit',
      ({ services }) => (services.xim.environment.XIM_ENGINE = 'lama'),
      /service xim: xim will not start\. XIM_ENGINE is "lama"/,
    ],
    [
      'a model that is not in the image',
      ({ services }) => (services.xim.environment.XIM_MODEL_PATH = '/app/models/other.gguf'),
      /XIM_MODEL_PATH=\/app\/models\/other\.gguf, but nothing/,
    ],
    [
      'a state folder that is not mounted',
      ({ services }) => (services.seed.volumes = ['seed:/data']),
      /SEED_STATE_DIR=\/var\/lib\/xerotier, but nothing/,
    ],
    [
      'a grace time longer than the patience of Docker',
      ({ services }) => (services.auth.environment.SHUTDOWN_GRACE_MS = '29000'),
      /service auth is killed after 30000 ms, but drains for 29000/,
    ],
    [
      'a grace time that Docker does not know of',
      ({ services }) => delete services.auth.stop_grace_period,
      /service auth is killed after 10000 ms/,
    ],
  ],
  'ports and addresses': [
    [
      'a port on which nobody listens',
      ({ services }) => (services.gateway.ports = ['127.0.0.1:8080:8000']),
      /publishes the port 8000, but listens on 8080/,
    ],
    [
      'a port that listens inside only',
      ({ services }) => (services.gateway.environment.HTTP_HOST = '127.0.0.1'),
      /listens on HTTP_HOST=127\.0\.0\.1, which is inside/,
    ],
    [
      'a health port that is moved without its image',
      ({ services }) => (services.auth.environment.HEALTH_PORT = '9000'),
      /answers for its health on 9000, which its image does not EXPOSE/,
    ],
    [
      'a health check that asks elsewhere',
      ({ services }) =>
        (services.auth.healthcheck = { test: ['CMD', 'node', '-e', "fetch('http://127.0.0.1:8080/readyz')"] }),
      /asked for its health on 8080, but HEALTH_PORT is 8081/,
    ],
    [
      'a health port that is never the same',
      ({ services }) => (services.auth.environment.HEALTH_PORT = '0'),
      /service auth needs a HEALTH_PORT that is always the same/,
    ],
    [
      'a server that is not there',
      ({ services }) => (services.xim.environment.NATS_URL = 'nats://broker:4222'),
      /NATS_URL leads to broker:4222, and no service is called broker/,
    ],
    [
      'a server on another port',
      ({ services }) => (services.xim.environment.NATS_URL = 'nats://nats:4223'),
      /NATS_URL leads to nats:4223, but nats listens on 4222/,
    ],
    [
      'a server on another network',
      ({ services }) => (services.xim.networks = ['edge']),
      /NATS_URL leads to nats:4222, but they share no network/,
    ],
    [
      'an engine on another port',
      ({ services }) => (services['xim-gpu'].environment.XIM_UPSTREAM_URL = 'http://vllm:8001/v1'),
      /leads to vllm:8001, but vllm listens on 8000/,
    ],
    [
      'a printed address that is not published',
      ({ services }) => (services.seed.environment.SEED_PUBLIC_URL = 'http://127.0.0.1:9999'),
      /leads to 127\.0\.0\.1:9999, and nothing is published there/,
    ],
  ],
  limits: [
    [
      'logs without a bound',
      ({ services }) => delete services.redis.logging,
      /service redis writes logs without a bound/,
    ],
    ['memory without a bound', ({ services }) => delete services.xim.deploy, /service xim has no bound on its memory/],
    [
      'capabilities that nobody needs',
      ({ services }) => delete services.auth.cap_drop,
      /service auth keeps capabilities/,
    ],
    [
      'a file system that can be written',
      ({ services }) => (services.auth.read_only = false),
      /service auth can change its own files/,
    ],
    [
      'an end after which nothing happens',
      ({ services }) => delete services.nats.restart,
      /service nats does not say what happens when it ends/,
    ],
    [
      'a port that is open to everybody',
      ({ services }) => (services.gateway.ports = ['8080:8080']),
      /publishes a port without an address/,
    ],
    [
      'the socket of Docker',
      ({ services }) => (services.xim.volumes = ['/var/run/docker.sock:/var/run/docker.sock']),
      /has the socket of Docker/,
    ],
  ],
  'images and variables': [
    [
      'a server without a version',
      ({ services }) => (services.redis.image = 'redis:alpine'),
      /service redis runs 'redis:alpine': name a version/,
    ],
    [
      'a NATS with known holes',
      ({ services }) => (services.nats.image = 'nats:2.12.6-alpine'),
      /runs NATS 2\.12\.6-alpine: take 2\.12\.7 or newer/,
    ],
    [
      'an image with the name of another',
      ({ services }) => (services.auth.image = 'xerotier/router:local'),
      /service auth is the image 'xerotier\/router'/,
    ],
    [
      'images of several versions',
      ({ services }) => (services.auth.image = 'xerotier/auth:1'),
      /our images have several tags/,
    ],
    [
      'a variable that the example does not explain',
      ({ services }) => (services.auth.environment.LOG_LEVEL = '${AUTH_LOG_LEVEL:-info}'),
      /variable AUTH_LOG_LEVEL is not in deploy\/compose\.env\.example/,
    ],
    [
      'a variable with two defaults',
      ({ services }) => (services.auth.environment.LOG_LEVEL = '${LOG_LEVEL:-warn}'),
      /variable LOG_LEVEL has several defaults/,
    ],
    [
      'a $ that means nothing',
      ({ services }) => (services.auth.environment.LOG_LEVEL = '$'),
      /has a \$ without a name/,
    ],
  ],
};

describe('the Compose file of the project', () => {
  it('has no problem', async () => {
    expect(await problemsOfProject()).toEqual([]);
  });

  it('has none either when it is written in another way', async () => {
    expect(await problemsWithCompose(() => undefined)).toEqual([]);
  });

  for (const [subject, list] of Object.entries(mistakes)) {
    describe(`and ${subject}`, () => {
      it.each(list)('finds %s', async (_, change, found) => {
        const problems = await problemsWithCompose(change);
        expect(problems.filter((problem) => found.test(problem))).not.toEqual([]);
      });
    });
  }
});

describe('the example of its variables', () => {
  it('must have all of them', async () => {
    expect(await problemsWith('exampleEnv', 'LOG_LEVEL=info', '')).toEqual([
      expect.stringMatching('variable LOG_LEVEL is not in deploy/compose.env.example'),
    ]);
  });

  it('must have no other', async () => {
    expect(await problemsWith('exampleEnv', 'LOG_LEVEL=info', 'LOG_LEVEL=info\nLOG_FORMAT=json')).toEqual([
      expect.stringMatching('has LOG_FORMAT, which docker-compose.yml does not use'),
    ]);
  });

  it('must have the same defaults', async () => {
    expect(await problemsWith('exampleEnv', 'LOG_LEVEL=info', 'LOG_LEVEL=debug')).toEqual([
      expect.stringMatching(`variable LOG_LEVEL is debug in deploy/compose.env.example, but 'info'`),
    ]);
  });

  it('must give away no secret', async () => {
    const problems = await problemsWith('exampleEnv', 'AUTH_KEY_PEPPER=', `AUTH_KEY_PEPPER=${'a'.repeat(32)}`);
    expect(problems).toEqual([expect.stringMatching('gives away a value for AUTH_KEY_PEPPER')]);
  });

  it('names what stops Compose when a required variable is missing', async () => {
    const problems = await problemsWith('exampleEnv', 'POSTGRES_PASSWORD=', '# ');
    expect(problems).toContainEqual(expect.stringMatching(/lacks POSTGRES_PASSWORD: .*sh deploy\/make-env\.sh/));
  });
});
