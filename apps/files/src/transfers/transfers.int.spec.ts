/** Transfers that do not go well. */
import { filesContract, transferRoutes } from '@xerotier/contracts/files';
import { eventually, ServiceProgram } from '@xerotier/testing';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import type { ClientRequest } from 'node:http';
import { join } from 'node:path';
import { aForm, changeOf, runningFiles } from '../../test/running-files.ts';
import { BlobsReconciler } from '../blobs/blobs-reconciler.ts';
import { ABANDONED_MS, BlobsService } from '../blobs/blobs.service.ts';

const files = runningFiles();
const { listFiles, openContent, beginFile } = filesContract.operations;
const HOUR_MS = 60 * 60_000;
let projectId: string;
beforeEach(() => (projectId = files.newProject()));

const ownObjects = async (): Promise<string[]> => (await files.objects()).filter((path) => path.startsWith(projectId));

const idsOf = async (): Promise<string[]> =>
  (await files.bus.call(listFiles, { projectId, limit: 100, order: 'asc' })).data.map(({ id }) => id);

const blobStates = async (): Promise<string[]> =>
  (
    await files.database.query<{ state: string }[]>('SELECT state FROM files.blob WHERE project_id = $1 ORDER BY 1', [
      projectId,
    ])
  ).map(({ state }) => state);

const HEAD = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n';

/** Begins to send a form whose file does not end. */
async function beginSending(url: string, ticket: string, bytes: number): Promise<ClientRequest> {
  const sending = request(`${url}${transferRoutes.createFile}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ticket}`, 'content-type': 'multipart/form-data; boundary=b' },
  });
  sending.on('error', () => undefined);
  sending.write(HEAD);
  sending.write(randomBytes(bytes));
  await eventually('it is being written', async () => (await blobStates()).includes('writing') || undefined);
  return sending;
}

async function expectNothing(): Promise<void> {
  await eventually('nothing remains', async () => (await blobStates()).length === 0 || undefined);
  expect([await idsOf(), await ownObjects(), await files.storedBytes(projectId)]).toEqual([[], [], 0]);
}

describe('a client that disconnects in the middle', () => {
  it('leaves nothing', async () => {
    const { url, ticket } = await files.begin(changeOf(projectId));
    const sending = await beginSending(url, ticket, 500_000);
    sending.destroy();
    await expectNothing();
  });

  it('of a download gives its slot back', async () => {
    await files.restart({ FILES_TRANSFERS_MAX: '1' });
    const { id } = await files.create(projectId, randomBytes(8_000_000));
    for (let times = 0; times < 3; times += 1) {
      const { transfer } = await eventually('there is a slot', () =>
        files.bus.call(openContent, { projectId, id }).catch(() => undefined),
      );
      const abort = new AbortController();
      const response = await fetch(`${transfer.url}${transferRoutes.content}`, {
        headers: { authorization: `Bearer ${transfer.ticket}` },
        signal: abort.signal,
      });
      expect(response.status).toBe(200);
      await expect(files.bus.call(openContent, { projectId, id })).rejects.toMatchObject({
        code: 'file.too_many_transfers',
      });
      abort.abort();
    }
    await files.restart();
  });
});

describe('content', () => {
  it('breaks off before its length where it was damaged in the store', async () => {
    const bytes = 1_000_000;
    const { id } = await files.create(projectId, randomBytes(bytes));
    const [key = ''] = await ownObjects();
    const path = join(files.env['FILES_DIRECTORY'] ?? '', 'objects', key);
    const stored = await readFile(path);
    stored[stored.length - 1]! ^= 1;
    await writeFile(path, stored);
    const { transfer } = await files.bus.call(openContent, { projectId, id });
    const response = await fetch(`${transfer.url}${transferRoutes.content}`, {
      headers: { authorization: `Bearer ${transfer.ticket}` },
    });
    expect([response.status, response.headers.get('content-length')]).toEqual([200, String(bytes)]);
    await expect(response.arrayBuffer()).rejects.toThrow();
    // The rest is authentic.
    expect(await files.read(projectId, id, 'bytes=0-499999')).toHaveLength(500_000);
  });
});

describe('a ticket', () => {
  it('is needed, and for the right transfer', async () => {
    const { url, ticket } = await files.begin(changeOf(projectId));
    const statuses: number[] = [];
    for (const [method, path, authorization] of [
      ['POST', transferRoutes.createFile, ''],
      ['POST', transferRoutes.createFile, 'Bearer x.y'],
      ['GET', transferRoutes.content, `Bearer ${ticket}`],
    ] as const) {
      const body = method === 'POST' ? aForm('x') : undefined;
      statuses.push(
        (await fetch(`${url}${path}`, { method, headers: { authorization }, ...(body && { body }) })).status,
      );
    }
    expect(statuses).toEqual([503, 503, 503]);
    await expectNothing();
  });
});

describe('a form that is too long', () => {
  it('is rejected before it is sent', async () => {
    const formBytes = 513 * 1_024 * 1_024;
    await expect(files.bus.call(beginFile, { ...changeOf(projectId), formBytes })).rejects.toMatchObject({
      code: 'file.too_large',
      status: 413,
    });
  });

  it('is rejected in the middle if its length was not known, and leaves nothing', async () => {
    const { url, ticket } = await files.begin(changeOf(projectId));
    const sending = await beginSending(url, ticket, 1);
    const [response] = await Promise.all([
      once(sending, 'response').then(([{ statusCode }]) => statusCode as number),
      (async () => {
        const chunk = Buffer.alloc(1_024 * 1_024);
        for (let sent = 0; sent <= 513 && !sending.destroyed; sent += 1)
          await new Promise((written) => sending.write(chunk, written));
      })(),
    ]);
    sending.destroy();
    expect(response).toBe(413);
    await expectNothing();
  });
});

describe('an idempotency key', () => {
  it('creates one file, also of requests at the same time', async () => {
    const content = randomBytes(100_000);
    const send = async (): Promise<string> =>
      (await files.send(await files.begin(changeOf(projectId, 'same')), aForm(content))).id;
    const ids = await Promise.all([1, 2, 3, 4].map(send));
    ids.push(await send());
    expect(new Set(ids).size).toBe(1);
    expect(await idsOf()).toEqual([ids[0]]);
    await eventually('the others are discarded', async () => (await blobStates()).length === 1 || undefined);
    expect([(await ownObjects()).length, await files.storedBytes(projectId)]).toEqual([1, 100_000]);
  });

  it('is rejected for other content, or other fields, which leave nothing', async () => {
    const send = async (content: string, fields = {}): Promise<string> =>
      (await files.send(await files.begin(changeOf(projectId, 'once')), aForm(content, fields))).id;
    await send('one');
    for (const other of [
      () => send('two'),
      () => send('one', { purpose: 'evals' }),
      () => send('one', { filename: 'b' }),
    ])
      await expect(other()).rejects.toMatchObject({ code: 'idempotency.key_reused' });
    expect([await blobStates(), (await ownObjects()).length]).toEqual([['stored'], 1]);
  });
});

/** A program that was just built has nothing compiled, and the machine may be busy. */
const START_TIMEOUT_MS = 90_000;

describe('a service that is killed', () => {
  it(
    'leaves nothing after a reconciliation: no row, no object, no used storage',
    async () => {
      const program = await ServiceProgram.build('files');
      const reconciler = files.service.nest.get(BlobsReconciler, { strict: false });
      try {
        const port = 20_000 + Math.floor(Math.random() * 20_000);
        const running = program.start([], { ...files.env, HTTP_PORT: String(port), LOG_LEVEL: 'error' });
        const url = `http://127.0.0.1:${port}`;
        await eventually(
          'it listens',
          () =>
            fetch(url).then(
              () => true,
              () => undefined,
            ),
          START_TIMEOUT_MS,
        );
        // Instances share their keys: the ticket of one is valid at another.
        const { ticket } = await files.begin(changeOf(projectId));
        const sending = await beginSending(url, ticket, 20_000_000);
        await eventually('it has charged', async () => (await files.storedBytes(projectId)) > 16_000_000 || undefined);
        running.child.kill('SIGKILL');
        await running.ended;
        sending.destroy();
        expect(await blobStates()).toEqual(['writing']);
        expect(await reconciler.reconcile()).toMatchObject({ abandoned: 0 });
        const report = await reconciler.reconcile({ now: Date.now() + ABANDONED_MS + 2 * HOUR_MS });
        expect(report).toMatchObject({ abandoned: 1, unfinished: 1 });
        await expectNothing();
      } finally {
        await program.remove();
      }
    },
    2 * START_TIMEOUT_MS,
  );
});

describe('a discarded blob', () => {
  it('stays if it was committed, though its writer does not know that', async () => {
    const { id } = await files.create(projectId, 'content');
    const [blob] = await files.database.query<{ id: string }[]>('SELECT id FROM files.blob WHERE project_id = $1', [
      projectId,
    ]);
    await files.service.nest.get(BlobsService, { strict: false }).discard([{ projectId, id: blob?.id ?? '' }]);
    expect((await files.read(projectId, id)).toString()).toBe('content');
    expect([await blobStates(), await files.storedBytes(projectId)]).toEqual([['stored'], 7]);
  });
});

describe('the reconciler', () => {
  const reconcile = (now = Date.now() + 2 * HOUR_MS): Promise<object> =>
    files.service.nest.get(BlobsReconciler, { strict: false }).reconcile({ now });

  it('leaves files alone', async () => {
    const { id } = await files.create(projectId, 'content');
    expect(await reconcile()).toMatchObject({ abandoned: 0, removed: 0, orphans: 0 });
    expect((await files.read(projectId, id)).toString()).toBe('content');
  });

  it('removes objects whose removal was interrupted', async () => {
    const { id } = await files.create(projectId, 'content');
    await files.database.query('DELETE FROM files.file_segment WHERE file_id = $1', [id]);
    await files.database.query('DELETE FROM files.file WHERE id = $1', [id]);
    await files.database.query(`UPDATE files.blob SET state = 'removing', charged_bytes = 0 WHERE project_id = $1`, [
      projectId,
    ]);
    expect(await reconcile()).toMatchObject({ removed: 1 });
    expect([await blobStates(), await ownObjects()]).toEqual([[], []]);
  });

  it('removes objects without a row, once they are old', async () => {
    await files.create(projectId, 'content');
    for (const table of ['file_segment', 'file', 'blob'])
      await files.database.query(`DELETE FROM files.${table} WHERE project_id = $1`, [projectId]);
    expect(await reconcile(Date.now())).toMatchObject({ orphans: 0 });
    expect(await ownObjects()).toHaveLength(1);
    expect(await reconcile()).toMatchObject({ orphans: 1 });
    expect(await ownObjects()).toEqual([]);
  });
});
