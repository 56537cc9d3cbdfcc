import { responsesContract } from '@xerotier/contracts/responses';
import { dataKeyContext, reencryptCommand } from '@xerotier/data-keys';
import { silentLog } from '@xerotier/log/testing';
import { MasterKeys, newDataKey } from '@xerotier/sealing';
import type { EncryptionContext } from '@xerotier/sealing';
import { ServiceProgram } from '@xerotier/testing';
import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { aSave, runningResponses } from '../test/running-responses.ts';
import { settings } from './config.ts';
import { dataKeys } from './data-keys.ts';
import { database } from './db/database.ts';

const reencrypt = reencryptCommand({ dataKeys, settings, database });
const contextOf = (projectId: string): EncryptionContext => dataKeyContext(dataKeys.schema, projectId);

const running = runningResponses();
const { get } = responsesContract.operations;
const aKey = (): string => randomBytes(32).toString('base64');

async function wrappedKeys(): Promise<string[]> {
  const rows = await running.database.query<{ id: string }[]>(
    `SELECT DISTINCT master_key_id AS id FROM responses.data_key`,
  );
  return rows.map(({ id }) => id);
}

beforeEach(() => running.database.query('TRUNCATE responses.data_key CASCADE'));

describe('the master key', () => {
  it('can be rotated: stored data is readable with the new one alone', async () => {
    const [older, newer] = [aKey(), aKey()];
    await running.restart({ RESPONSES_MASTER_KEY: older });
    const projects = Array.from({ length: 3 }, () => running.newProject());
    const saved = await Promise.all(projects.map((projectId) => running.save(aSave(projectId))));
    const [before] = await wrappedKeys();

    await running.restart({ RESPONSES_MASTER_KEY: newer, RESPONSES_MASTER_KEY_PREVIOUS: older });
    const after = await wrappedKeys();
    expect(after).toHaveLength(1);
    expect(after[0]).not.toBe(before);

    await running.restart({ RESPONSES_MASTER_KEY: newer });
    for (const [i, projectId] of projects.entries()) {
      expect(await running.bus.call(get, { projectId, id: saved[i]?.id as string })).toEqual(saved[i]);
    }
  });

  it('keeps the service from starting when it cannot unwrap existing keys', async () => {
    const older = aKey();
    await running.restart({ RESPONSES_MASTER_KEY: older });
    await running.save(aSave(running.newProject()));
    await expect(running.restart({ RESPONSES_MASTER_KEY: aKey() })).rejects.toThrow('RESPONSES_MASTER_KEY_PREVIOUS');
    await running.restart({ RESPONSES_MASTER_KEY: older });
  });

  it.each(['', 'short', Buffer.alloc(31).toString('base64')])(
    'keeps the service from starting when it is %j',
    async (key) => {
      await expect(running.restart({ RESPONSES_MASTER_KEY: key })).rejects.toThrow('RESPONSES_MASTER_KEY');
      await running.restart();
    },
  );

  it('is never logged', async () => {
    const key = aKey();
    await running.restart({ RESPONSES_MASTER_KEY: key });
    await running.save(aSave(running.newProject()));
    expect(running.logText()).not.toContain(key);
    expect(running.logText()).not.toContain(Buffer.from(key, 'base64').toString('hex'));
  });
});

describe('the reencrypt command', () => {
  const masterKeysOf = (key: string): MasterKeys => new MasterKeys(Buffer.from(key, 'base64'));

  /** Stores data keys of this many projects, and returns them by project. */
  async function addDataKeys(count: number, master: string): Promise<Map<string, Buffer>> {
    const keys = new Map(Array.from({ length: count }, () => [running.newProject(), newDataKey()]));
    const masterKeys = masterKeysOf(master);
    const wrapped = [...keys].map(([id, key]) => masterKeys.wrap(key, contextOf(id)).wrapped);
    await running.database.query(
      `INSERT INTO responses.data_key (project_id, master_key_id, wrapped)
       SELECT id, $1, wrapped FROM unnest($2::text[], $3::bytea[]) AS added (id, wrapped)`,
      [masterKeys.currentId, [...keys.keys()], wrapped],
    );
    return keys;
  }

  interface Outcome {
    readonly error: string;
    readonly report: { renewed: number; remaining: number; unreadable: string[] };
    readonly isPreviousKeyNeeded: boolean;
  }

  function envOf(master: string, previous?: string): NodeJS.ProcessEnv {
    return {
      ...running.env,
      RESPONSES_MASTER_KEY: master,
      ...(previous !== undefined && { RESPONSES_MASTER_KEY_PREVIOUS: previous }),
    };
  }

  async function run(master: string, previous?: string): Promise<Outcome> {
    let output = '';
    const stdout = new Writable({
      write: (chunk, _, done) => {
        output += String(chunk);
        done();
      },
    });
    const env = envOf(master, previous);
    const context = { service: 'responses', env, stdin: process.stdin, stdout, stderr: stdout, log: silentLog() };
    const error = await reencrypt.run([], context).then(
      () => '',
      (thrown: unknown) => String(thrown),
    );
    const [report, end] = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Outcome & Outcome['report']);
    return { error, report: report as Outcome['report'], isPreviousKeyNeeded: end?.isPreviousKeyNeeded ?? true };
  }

  it('rewraps beside the running service, so that the new key alone suffices', async () => {
    const [older, newer] = [aKey(), aKey()];
    // As during a rotation: each process knows both keys.
    await running.restart({ RESPONSES_MASTER_KEY: older, RESPONSES_MASTER_KEY_PREVIOUS: newer });
    const projectId = running.newProject();
    const saved = await running.save(aSave(projectId));
    const done = await run(newer, older);
    expect(done).toMatchObject({ error: '', report: { renewed: 1, remaining: 0 }, isPreviousKeyNeeded: false });
    expect(await running.bus.call(get, { projectId, id: saved.id })).toEqual(saved);
    expect((await run(newer)).report).toEqual({
      table: 'responses.data_key',
      renewed: 0,
      remaining: 0,
      unreadable: [],
    });
    await running.restart({ RESPONSES_MASTER_KEY: newer });
    expect(await running.bus.call(get, { projectId, id: saved.id })).toEqual(saved);
  });

  it('can be killed at any moment, and continues', async () => {
    const program = await ServiceProgram.build('responses');
    const [older, newer] = [aKey(), aKey()];
    const total = 5_000;
    const keys = await addDataKeys(total, older);
    const renewedKeys = async (): Promise<number> => {
      const [row] = await running.database.query<[{ count: string }]>(
        'SELECT count(*) FROM responses.data_key WHERE master_key_id = $1',
        [masterKeysOf(newer).currentId],
      );
      return Number(row.count);
    };
    const env = { ...envOf(newer, older), LOG_LEVEL: 'error' };
    let killedInTheMiddle = 0;
    try {
      for (let attempt = 0; attempt < 10 && killedInTheMiddle < 3; attempt += 1) {
        const before = await renewedKeys();
        const { child, ended } = program.start(['reencrypt'], env);
        while (child.exitCode === null && (await renewedKeys()) === before);
        child.kill('SIGKILL');
        await ended;
        const done = await renewedKeys();
        if (done === total) break;
        killedInTheMiddle += 1;
      }
    } finally {
      await program.remove();
    }
    expect(killedInTheMiddle).toBeGreaterThan(0);
    expect(await run(newer, older)).toMatchObject({ error: '', report: { remaining: 0 }, isPreviousKeyNeeded: false });
    const unwrapping = masterKeysOf(newer);
    const rows = await running.database.query<{ id: string; wrapped: Buffer; masterKeyId: string }[]>(
      'SELECT project_id AS id, wrapped, master_key_id AS "masterKeyId" FROM responses.data_key',
    );
    const lost = rows.filter((row) => !unwrapping.unwrap(row, contextOf(row.id)).equals(keys.get(row.id)!));
    expect([rows.length, lost]).toEqual([total, []]);
  });

  it('names the projects whose key no master key unwraps, and leaves them as they were', async () => {
    const [lost, older, newer] = [aKey(), aKey(), aKey()];
    await running.restart({ RESPONSES_MASTER_KEY: lost });
    const foreign = running.newProject();
    const saved = await running.save(aSave(foreign));
    const { report, error, isPreviousKeyNeeded } = await run(newer, older);
    expect(report).toMatchObject({ renewed: 0, remaining: 1, unreadable: [foreign] });
    expect(isPreviousKeyNeeded).toBe(true);
    expect(error).toContain('with neither master key');
    expect(await running.bus.call(get, { projectId: foreign, id: saved.id })).toEqual(saved);
  });
});

describe('a data key', () => {
  it('is stored wrapped, and cannot be unwrapped for another project', async () => {
    await running.restart();
    const [one, two] = [running.newProject(), running.newProject()];
    const [saved] = [await running.save(aSave(one)), await running.save(aSave(two))];
    await running.database.query(
      'UPDATE responses.data_key SET wrapped = (SELECT wrapped FROM responses.data_key WHERE project_id = $1) WHERE project_id = $2',
      [two, one],
    );
    await running.restart();
    await expect(running.bus.call(get, { projectId: one, id: saved?.id })).rejects.toMatchObject({
      code: 'internal',
    });
  });
});
