/** `npm start` and `npm run doctor` on a machine with exported variables, taken ports and other problems. */
import { projectRoot } from '@xerotier/dev';
import { freePort } from '@xerotier/local-servers';
import { testServers } from '@xerotier/testing';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import pg from 'pg';
import { embeddedStack, START_TIMEOUT_MS } from '../support/embedded-stack.ts';

const stack = embeddedStack();
const servers = testServers('nats', 'postgres');

/** Only root can run commands as another user, and that user must be able to read the project. */
const canRunAsNobody = ((): boolean => {
  try {
    execFileSync('setpriv', [...asNobody(), 'ls', projectRoot], { stdio: 'ignore' });
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
})();
const itAsNobody = canRunAsNobody ? it : it.skip; // reason: needs root, and a project that others can read

function asNobody(): string[] {
  return ['--reuid=65534', '--regid=65534', '--clear-groups', '--'];
}

async function sql(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

/** Returns the line after the line that starts with the status and contains the text. */
function remedyOf(output: string, status: string, text: string): string | undefined {
  const lines = output.split('\n');
  const at = lines.findIndex((line) => line.startsWith(`  ${status}`) && line.includes(text));
  return at === -1 ? undefined : lines[at + 1]?.trim();
}

describe('exported variables', () => {
  it('of an unavailable server are an error that names the variable without its password', async () => {
    const port = await freePort();
    const url = `postgres://me:hunter2@127.0.0.1:${port}/shop`;
    const { code, output } = await stack.run(['start'], { DATABASE_URL: url });
    expect(code).toBe(1);
    expect(output).toContain(
      `DATABASE_URL is set in the environment, and no PostgreSQL listens at 127.0.0.1:${port}/shop`,
    );
    expect(output).toContain('env -u DATABASE_URL npm start');
    expect(output).not.toContain('hunter2');
  });

  it('of a database with tables of another program are an error, and nothing changes there', async () => {
    await sql(servers.postgres.url, 'CREATE TABLE public.orders (id int)');
    const { code, output } = await stack.run(['start'], { DATABASE_URL: servers.postgres.url });
    expect(code).toBe(1);
    expect(output).toContain('contains tables of another program (public.orders)');
    expect(
      await sql(servers.postgres.url, "SELECT nspname FROM pg_namespace WHERE nspname IN ('auth', 'router')"),
    ).toEqual([]);
    await sql(servers.postgres.url, 'DROP TABLE public.orders');
  });

  it.each(['REDIS_URL', 'NATS_URL', 'DATABASE_URL'])(
    '%s with an invalid URL is an error that does not repeat it',
    async (name) => {
      const { code, output } = await stack.run(['start'], { [name]: 'http://me:hunter2@x' });
      expect(code).toBe(1);
      expect(output).toContain(`${name} is set in the environment, and is not a URL that begins with`);
      expect(output).not.toContain('hunter2');
    },
  );

  it(
    'are used with a warning that shows how to unset them; an empty one counts as unset',
    async () => {
      const given = { NATS_URL: servers.nats.url, DATABASE_URL: servers.postgres.url, REDIS_URL: '' };
      const command = await stack.start(['--detach'], given);
      const { port } = new URL(servers.nats.url);
      const warning = `NATS_URL is set in the environment: NATS at 127.0.0.1:${port} is used instead of a private one`;
      expect(command.output).toContain(`Note: ${warning}`);
      expect(command.output).toContain('env -u NATS_URL npm start');
      expect(command.output).not.toContain('REDIS_URL');
      for (const url of [servers.nats.url, servers.postgres.url])
        expect(command.output).not.toContain(new URL(url).password);
      const { services, natsUrl, databaseUrl, notices } = await stack.description();
      expect({ natsUrl, databaseUrl }).toEqual({ natsUrl: servers.nats.url, databaseUrl: servers.postgres.url });
      expect(Object.keys(services)).toContain('redis');
      expect(Object.keys(services)).not.toContain('nats');
      expect(notices).toHaveLength(2);
      expect((await stack.run(['status'])).output).toContain(warning);
      await stack.run(['stop']);
      // The second start finds the tables of the platform.
      await stack.start(['--detach'], given);
      await stack.run(['stop']);
    },
    2 * START_TIMEOUT_MS,
  );

  it(
    'cause no output when there are none',
    async () => {
      const command = await stack.start(['--detach']);
      expect(command.output).not.toMatch(/Note:|(?:DATABASE|NATS|REDIS)_URL/);
    },
    START_TIMEOUT_MS,
  );
});

describe('npm run doctor', () => {
  const doctor = (env: Record<string, string> = {}): ReturnType<typeof stack.run> => stack.run(['doctor'], env);

  it('reports the parts of a running stack without problems', async () => {
    const { code, output } = await doctor();
    expect(code).toBe(0);
    expect(output).toMatch(/ {2}ok {4}Node \d+\.\d+/);
    expect(output).toMatch(/ {2}ok {4}npm \d+/);
    for (const name of ['nats', 'redis', 'postgres']) expect(output).toMatch(new RegExp(`  ok    ${name} \\d+\\.\\d+`));
    expect(output).toContain(`port ${stack.port} is the running stack's`);
    expect(output).toContain('gateway is ready');
    expect(output).toContain('0 failed');
  });

  it('warns of restarted processes and of leftovers of a killed stack, with a remedy', async () => {
    process.kill(await stack.pidOf('redis'), 'SIGKILL');
    let { output } = await doctor();
    while (!output.includes('redis was restarted')) ({ output } = await doctor());
    expect(remedyOf(output, 'warn', 'redis was restarted once')).toBe('See its log: npm run logs -- redis');
    process.kill((await stack.description()).supervisorPid, 'SIGKILL');
    ({ output } = await doctor());
    expect(remedyOf(output, 'warn', 'supervisor.json was left by a stack that was killed')).toContain(
      'the next npm start',
    );
  });

  it('has a remedy for each problem, and exits with 1', async () => {
    await mkdir(stack.home, { recursive: true });
    const taken = createServer().listen(await freePort(), '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    await chmod(stack.path('credentials.json'), 0o644);
    const nowhere = `nats://127.0.0.1:${await freePort()}`;
    const { code, output } = await doctor({ XEROTIER_PORT: String(port), NATS_URL: nowhere });
    taken.close();
    expect(code).toBe(1);
    expect(remedyOf(output, 'FAIL', `Port ${port} (XEROTIER_PORT) is in use`)).toContain('Choose another one');
    expect(remedyOf(output, 'FAIL', 'no NATS listens at')).toContain('env -u NATS_URL');
    expect(remedyOf(output, 'FAIL', 'credentials.json holds keys, and other users may read it')).toContain('chmod 600');
    expect(output).toContain('3 failed');
  });

  it('has a remedy for unreadable keys', async () => {
    await writeFile(stack.path('credentials.json'), '{"apiKey":', { mode: 0o600 });
    await chmod(stack.path('credentials.json'), 0o600);
    const { code, output } = await doctor();
    expect(code).toBe(1);
    expect(remedyOf(output, 'FAIL', 'does not contain the keys of this stack')).toContain('npm run reset');
  });

  it('takes no arguments', async () => {
    const { code, output } = await stack.run(['doctor', '--fix']);
    expect(code).toBe(1);
    expect(output).toContain("Unknown argument '--fix'");
  });
});

describe('unprivileged user', () => {
  itAsNobody('gets an error that a port below 1024 is not allowed, not that it is taken', async () => {
    const home = `${stack.home}-of-nobody`;
    await mkdir(home, { mode: 0o777 });
    await chmod(home, 0o777);
    await chmod(`${stack.home}/..`, 0o755);
    const start = (port: number): string => {
      const env = {
        ...stack.env({ XEROTIER_HOME: home, XEROTIER_PORT: String(port) }),
        HOME: home,
        PATH: process.env['PATH'],
      };
      try {
        execFileSync('setpriv', [...asNobody(), 'npm', 'start'], {
          cwd: projectRoot,
          env,
          encoding: 'utf8',
          stdio: 'pipe',
        });
        return 'started';
      } catch (error) {
        const { stdout, stderr } = error as { stdout: string; stderr: string };
        return stdout + stderr;
      }
    };
    expect(start(81)).toContain(
      'Port 81 (XEROTIER_PORT) is not allowed for this user: the system keeps it for root (EACCES)',
    );
    const taken = createServer().listen(82, '127.0.0.1');
    await once(taken, 'listening');
    expect(start(82)).toContain('Port 82 (XEROTIER_PORT) is in use');
    taken.close();
  });
});
