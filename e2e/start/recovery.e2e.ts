/** Recovery of a stack: crashed processes, also all at once, growing logs, and revoked demo keys. */
import type { DevFile } from '@xerotier/dev';
import { projectRoot } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { appendFile, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import OpenAI from 'openai';
import pg from 'pg';
import { ApiClient } from '../support/api-client.ts';
import { isChaos, onlyInChaos } from '../support/chaos.ts';
import { embeddedStack, START_TIMEOUT_MS } from '../support/embedded-stack.ts';
import { isAlive } from '../support/npm-command.ts';
import type { NpmCommand } from '../support/npm-command.ts';
import { runProgram } from '../support/program.ts';

const stack = embeddedStack();
const hello = { model: 'xero-tiny', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 1 };
let terminal: NpmCommand;

beforeAll(async () => {
  terminal = await stack.start([], { LOG_LEVEL: 'debug' });
}, START_TIMEOUT_MS);

/** Returns a function that returns the terminal output since this call. */
function outputSinceNow(): () => string {
  const { length } = terminal.output;
  return () => terminal.output.slice(length);
}

/** All of a group are killed at once, so each must recover while the others are down; `test:chaos` also kills them one by one. */
const KILLED: readonly (readonly string[])[] = [
  ['nats', 'redis', 'postgres'],
  ['gateway', 'auth', 'router', 'xim'],
];

describe('killed processes of the stack', () => {
  it.each((isChaos ? [KILLED.flat().map((name) => [name]), KILLED].flat() : KILLED).map((names) => [names]))(
    '%j are restarted, and terminal, status and dev.json report it',
    async (names) => {
      const before = await stack.description();
      const count = (before.services[names[0] as string]?.restarts ?? 0) + 1;
      const times = count === 1 ? 'once' : `${count} times`;
      const newOutput = outputSinceNow();
      for (const name of names) process.kill(before.services[name]?.pid as number, 'SIGKILL');
      for (const name of names) {
        await eventually(
          `${name} is up again`,
          () => new RegExp(`${name} is up again \\(process \\d+, restarted ${times}\\)`).test(newOutput()),
          90_000,
        );
        expect(newOutput()).toContain(`${name} exited (SIGKILL), restarting`);
      }
      const after = await eventually('dev.json has the new processes', async () => {
        const description = await stack.description();
        const isNew = names.every((name) => {
          const { pid, restarts } = description.services[name] ?? {};
          // The file is written after the terminal output and may not be complete yet.
          return pid !== before.services[name]?.pid && isAlive(pid as number) && restarts === count;
        });
        return isNew ? description : undefined;
      });
      for (const name of names) {
        expect(after.services[name]).toMatchObject({
          restarts: count,
          lastExit: { reason: 'SIGKILL', at: expect.any(String) },
        });
      }
      const { natsUrl, redisUrl, databaseUrl, baseUrl } = after;
      expect({ natsUrl, redisUrl, databaseUrl, baseUrl }).toEqual({
        ...{ natsUrl: before.natsUrl, redisUrl: before.redisUrl },
        ...{ databaseUrl: before.databaseUrl, baseUrl: before.baseUrl },
      });
      await eventually(
        'requests are served',
        async () => (await (await stack.api()).chat(hello)).status === 200,
        60_000,
      );
      const { output } = await stack.run(['status']);
      for (const name of names) {
        expect(output).toMatch(new RegExp(`${name} +pid \\d+ .*restarted ${times}, last exit at \\S+ \\(SIGKILL\\)`));
      }
    },
  );

  it('do not affect the status of other processes', async () => {
    expect((await stack.description()).services['responses']).toEqual({
      ...{ pid: expect.any(Number), healthUrl: expect.any(String), restarts: 0 },
    });
    const { output } = await stack.run(['status']);
    expect(output).toMatch(/responses +pid \d+ +ready\n/);
  });
});

describe('npm run logs', () => {
  const logs = (...args: string[]): ReturnType<typeof stack.run> => stack.run(['logs', ...args]);
  let requestId = '';

  it('shows the entries of one request in all services, in chronological order', async () => {
    const api = await stack.api();
    ({ requestId } = await api.chat(hello));
    const other = (await api.chat(hello)).requestId;
    const lines = await eventually('all services have logged it', async () => {
      const { output } = await logs('--request', requestId);
      const found = output.trim().split('\n');
      const isThere = ['gateway', 'router', 'xim'].every((name) => found.some((line) => line.includes(` ${name} `)));
      return isThere ? found : undefined;
    });
    expect(lines.every((line) => line.includes(`requestId=${requestId}`))).toBe(true);
    expect(lines.join()).not.toContain(other);
    const times = lines.map((line) => line.slice(0, 12));
    expect(times).toEqual([...times].sort());
    expect(lines.find((line) => line.includes(' gateway '))).toMatch(/info +request .*status=200/);
  });

  it('fails with a hint when no entry has the request id', async () => {
    const { code, output } = await logs('--request', 'req_none');
    expect(code).toBe(1);
    expect(output).toContain('No line is about the request req_none');
    expect(output).toContain('X-Request-ID');
  });

  it('shows the last lines of the given services', async () => {
    const { code, output } = await logs('gateway', 'nats', '-n', '2');
    expect(code).toBe(0);
    const sources = output
      .trim()
      .split('\n')
      .map((line) => line.slice(14).split(' ')[0]);
    expect([...sources].sort()).toEqual(['gateway', 'gateway', 'nats', 'nats']);
  });

  it.each([
    [['nobody'], "There is no log of 'nobody'. Expected one of: "],
    [['--lines', 'many'], "--lines is 'many'"],
    [['--fellow'], '--follow'],
  ])('fails with a message for %j', async (args, message) => {
    const { code, output } = await logs(...args);
    expect(code).toBe(1);
    expect(output).toContain(message);
  });

  it('follows new entries', async () => {
    const following = stack.command(['run', '-s', 'logs', '--', 'gateway', '-n', '0', '-f']);
    const sent: string[] = [];
    await eventually(
      'it shows a new request',
      async () => {
        sent.push((await (await stack.api()).chat(hello)).requestId);
        await new Promise((resolve) => setTimeout(resolve, 500));
        return sent.some((id) => following.output.includes(id));
      },
      30_000,
    );
    expect(following.output).not.toContain(requestId);
    following.interrupt();
    await following.exited;
  });

  it.each([
    ['a service', 'logs/gateway.log'],
    ['a server', 'servers/nats/nats.log'],
  ])('rotates the log of %s while it runs, and still finds rotated entries', async (_, file) => {
    const path = stack.path(file);
    const line = JSON.stringify({
      time: new Date().toISOString(),
      level: 'info',
      msg: 'padding',
      requestId: `req_${file}`,
    });
    await appendFile(path, `${line}\n`.repeat(Math.ceil((11 * 1024 * 1024) / line.length)));
    await eventually('the log is rotated', async () => (await stat(path)).size < 1024 * 1024);
    expect((await stat(`${path}.1`)).mode & 0o777).toBe(0o600);
    expect(await readFile(`${path}.1`, 'utf8')).toContain(line);
    const { code, output } = await logs('--request', `req_${file}`);
    expect({ code, isFound: output.includes('padding') }).toEqual({ code: 0, isFound: true });
    const sent = await (await stack.api()).chat(hello);
    await eventually('its writer continues', async () => (await logs('--request', sent.requestId)).code === 0);
  });

  it('works when the stack is stopped', async () => {
    await stack.run(['stop']);
    expect((await logs('--request', requestId)).output).toContain(requestId);
  });
});

describe('demo key', () => {
  let before: DevFile;

  /** Runs the command of docs/deployment.md on the database of the running stack. */
  async function keys(action: 'revoke' | 'rotate', name: string, ...more: string[]): Promise<void> {
    const { databaseUrl, natsUrl } = before;
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    const { rows } = await client.query<{ id: string }>(
      'SELECT id FROM auth.api_key WHERE name = $1 AND revoked_at IS NULL ORDER BY created_at DESC LIMIT 1',
      [name],
    );
    await client.end();
    const { secrets } = JSON.parse(await readFile(stack.path('credentials.json'), 'utf8')) as {
      secrets: Record<string, string>;
    };
    const program = join(projectRoot, 'apps/auth/dist/main.js');
    const ended = await runProgram(process.execPath, [program, 'keys', action, rows[0]?.id ?? '', ...more], {
      env: { ...process.env, DATABASE_URL: databaseUrl, NATS_URL: natsUrl, ...secrets },
    });
    expect(ended.code).toBe(0);
  }

  const statusWith = async (apiKey: string): Promise<number> => {
    const { baseUrl, projectId, endpointSlug } = await stack.description();
    const response = await fetch(`${baseUrl}/${projectId}/${endpointSlug}/v1/models`, {
      headers: { authorization: `Bearer ${apiKey}` },
    });
    return response.status;
  };

  beforeAll(() => stack.start(['--detach']), START_TIMEOUT_MS);

  it.each<['revoke' | 'rotate', string[]]>([
    ['rotate', []],
    ...onlyInChaos<['revoke' | 'rotate', string[]]>(['revoke', []], ['rotate', ['0']]),
  ])(
    'is replaced with a note by the next start after %s %j',
    async (action, more) => {
      before = await stack.description();
      await keys(action, 'demo', ...more);
      await stack.run(['stop']);
      const again = await stack.start(['--detach']);
      expect(again.output).toContain("Note: The key 'demo' was revoked or rotated");
      const after = await stack.description();
      expect(after.apiKey).not.toBe(before.apiKey);
      expect(again.output).toContain(after.apiKey);
      expect(after).toMatchObject({ projectId: before.projectId, managementKey: before.managementKey });
      await new ApiClient(after).chat(hello);
      // A rotated key remains valid for its overlap period.
      expect(await statusWith(before.apiKey)).toBe(action === 'rotate' && more.length === 0 ? 200 : 401);
    },
    START_TIMEOUT_MS,
  );

  it(
    'is kept otherwise',
    async () => {
      const kept = before.managementKey;
      await stack.run(['stop']);
      const again = await stack.start(['--detach']);
      expect(again.output).not.toContain('Note:');
      expect((await stack.description()).managementKey).toBe(kept);
    },
    START_TIMEOUT_MS,
  );
});

describe('a stack of which every process is killed at once', () => {
  it(
    'continues a response after the next start, and its stream where its reader was',
    async () => {
      const before = await stack.description();
      const client = new OpenAI({ baseURL: before.projectUrl, apiKey: before.apiKey, maxRetries: 0 });
      const numbers: number[] = [];
      const begun = await client.responses.create({
        ...{ model: 'xero-tiny', input: 'Tell me a long story.', max_output_tokens: 256 },
        ...{ background: true, stream: true },
      });
      let id = '';
      for await (const event of begun) {
        numbers.push(event.sequence_number);
        if (event.type === 'response.created') id = event.response.id;
        if (event.type === 'response.output_text.delta') break;
      }
      for (const pid of await stack.allPids()) process.kill(pid, 'SIGKILL');

      await stack.start(['--detach']);
      const { projectUrl: baseURL, apiKey } = await stack.description();
      const again = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
      const rest = await again.responses.retrieve(id, { stream: true, starting_after: numbers.at(-1) });
      let last: OpenAI.Responses.ResponseStreamEvent | undefined;
      for await (const event of rest) {
        numbers.push(event.sequence_number);
        last = event;
      }
      expect(numbers).toEqual([...numbers.keys()]);
      expect(last).toMatchObject({ type: expect.stringMatching(/^response\.(completed|incomplete)$/) });
      const { output_text: text, ...stored } = await again.responses.retrieve(id);
      expect(text.length).toBeGreaterThan(0);
      expect(last).toMatchObject({ response: { id, status: stored.status, usage: stored.usage } });
    },
    START_TIMEOUT_MS,
  );
});
