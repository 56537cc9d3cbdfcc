/**
 * An upload of the largest size survives a killed client and a killed service, and needs no memory for its content. `npm test` sends
 * three parts, `npm run test:chaos` 8 GB.
 */
import { scriptedPlatform } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import OpenAI from 'openai';
import { isChaos } from './support/chaos.ts';
import { dedicatedPlatform } from './support/test-platform.ts';

const MIB = 1_024 ** 2;
const PART_BYTES = 64 * MIB;
const PARTS = isChaos ? 128 : 3;
/** Parts that are sent at the same time. */
const AT_ONCE = 4;
/** A process of the platform needs about half of it without any transfer. */
const MEMORY_BYTES_MAX = 400 * MIB;
const TIMEOUT_MS = 1_200_000;

const test = dedicatedPlatform(() => scriptedPlatform({ slots: 1 }));

const chunk = Buffer.alloc(MIB);

/** The content of a part: its number, and zeros. */
function* contentOf(part: number): Generator<Buffer> {
  const first = Buffer.alloc(MIB);
  first.writeUInt32BE(part);
  yield first;
  for (let sent = MIB; sent < PART_BYTES; sent += MIB) yield chunk;
}

interface StoredPart {
  readonly id: string;
  readonly x_sha256: string;
}

const authorization = (): Record<string, string> => ({ authorization: `Bearer ${test.description.apiKey}` });
const uploadsUrl = (path: string): string => `${test.description.projectUrl}/uploads${path}`;

async function sendPart(uploadId: string, part: number, signal: AbortSignal): Promise<void> {
  function* form(): Generator<Buffer> {
    yield Buffer.from('--b\r\nContent-Disposition: form-data; name="data"; filename="part"\r\n\r\n');
    yield* contentOf(part);
    yield Buffer.from('\r\n--b--\r\n');
  }
  const response = await fetch(uploadsUrl(`/${uploadId}/parts`), {
    method: 'POST',
    headers: { ...authorization(), 'content-type': 'multipart/form-data; boundary=b' },
    body: Readable.toWeb(Readable.from(form(), { objectMode: false })) as ReadableStream,
    duplex: 'half',
    signal,
  });
  await response.text();
}

/** The parts that have arrived, by their content. */
async function arrived(uploadId: string): Promise<Map<string, string>> {
  const list = async (): Promise<StoredPart[]> => {
    const response = await fetch(uploadsUrl(`/${uploadId}/parts?limit=1000`), { headers: authorization() });
    if (response.status !== 200) throw new Error(`status ${response.status}`);
    return ((await response.json()) as { data: StoredPart[] }).data;
  };
  const parts = await eventually('the parts', () => list().catch(() => undefined), 60_000);
  return new Map(parts.map(({ id, x_sha256: hash }) => [hash, id]));
}

function hashOf(part: number): string {
  const hash = createHash('sha256');
  for (const piece of contentOf(part)) hash.update(piece);
  return hash.digest('hex');
}

/** Sends what has not arrived; after `interruptAfter` parts it is interrupted. */
async function send(
  uploadId: string,
  hashes: readonly string[],
  interrupt?: { after: number; by: (stop: AbortController) => Promise<void> | void },
): Promise<void> {
  const known = await arrived(uploadId);
  const missing = hashes.flatMap((hash, part) => (known.has(hash) ? [] : [part]));
  const stop = new AbortController();
  let sent = 0;
  const sender = async (): Promise<void> => {
    for (let part = missing.shift(); part !== undefined && !stop.signal.aborted; part = missing.shift()) {
      // What was interrupted is sent again by the next call.
      const sending = sendPart(uploadId, part, stop.signal).catch(() => undefined);
      sent += 1;
      if (sent === interrupt?.after) {
        await delay(50);
        await interrupt.by(stop);
      }
      await sending;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sender));
}

/** The most memory that a service has had, in bytes. */
async function peakOf(name: string): Promise<number> {
  const status = await readFile(`/proc/${test.platform.service(name).pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1_024;
}

it(
  'of many parts continues after its client and the service were killed, with little memory',
  async () => {
    const openai = new OpenAI({ baseURL: test.description.projectUrl, apiKey: test.description.apiKey });
    const bytes = PARTS * PART_BYTES;
    const created = { bytes, filename: 'large.bin', mime_type: 'application/octet-stream' };
    const upload = await openai.uploads.create({ ...created, purpose: 'user_data' });
    const hashes = Array.from({ length: PARTS }, (_, part) => hashOf(part));
    const third = Math.ceil(PARTS / 3);
    await send(upload.id, hashes, { after: third, by: (client) => client.abort() });
    const files = test.platform.service('files');
    const killed = async (): Promise<void> => {
      await files.kill('SIGKILL');
      await files.start();
    };
    await send(upload.id, hashes, { after: Math.min(third, 2), by: killed });
    let parts = await arrived(upload.id);
    for (let round = 0; round < 5 && parts.size < PARTS; round += 1) {
      await send(upload.id, hashes);
      parts = await arrived(upload.id);
    }
    const completed = await openai.uploads.complete(upload.id, {
      part_ids: hashes.map((hash) => parts.get(hash) ?? ''),
    });
    expect(completed).toMatchObject({ status: 'completed', file: { bytes } });

    const expected = createHash('sha256');
    for (let part = 0; part < PARTS; part += 1) for (const piece of contentOf(part)) expected.update(piece);
    const actual = createHash('sha256');
    const content = await openai.files.content(completed.file?.id ?? '');
    for await (const piece of content.body as unknown as AsyncIterable<Uint8Array>) actual.update(piece);
    expect(actual.digest('hex')).toBe(expected.digest('hex'));
    for (const service of ['gateway', 'files']) expect(await peakOf(service)).toBeLessThan(MEMORY_BYTES_MAX);
  },
  TIMEOUT_MS,
);
