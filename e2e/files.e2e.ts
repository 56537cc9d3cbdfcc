/** Files through the public API, with the official SDK and without it. */
import { scriptedPlatform } from '@xerotier/dev';
import { createHash, randomBytes } from 'node:crypto';
import OpenAI, { toFile } from 'openai';
import { eventually } from '@xerotier/testing';
import { fileForm } from './support/file-operations.ts';
import { errorOf } from './support/site-visitor.ts';
import { dedicatedPlatform } from './support/test-platform.ts';

const test = dedicatedPlatform(() => scriptedPlatform({ slots: 4 }));

const client = (): OpenAI => new OpenAI({ baseURL: test.description.projectUrl, apiKey: test.description.apiKey });
const url = (path = ''): string => `${test.description.projectUrl}/files${path}`;
const authorization = (): Record<string, string> => ({ authorization: `Bearer ${test.description.apiKey}` });

/** Sends content of this many bytes as it is read, without its length. */
function sendStream(bytes: number, onChunk: (sent: number) => void = () => undefined): Promise<Response> {
  const chunk = Buffer.alloc(64 * 1_024, 'x');
  async function* form(): AsyncGenerator<Buffer> {
    yield Buffer.from('--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nuser_data\r\n');
    yield Buffer.from('--b\r\nContent-Disposition: form-data; name="file"; filename="large"\r\n\r\n');
    for (let sent = 0; sent < bytes; sent += chunk.length) {
      yield chunk.subarray(0, Math.min(chunk.length, bytes - sent));
      onChunk(sent);
    }
    yield Buffer.from('\r\n--b--\r\n');
  }
  return fetch(url(), {
    method: 'POST',
    headers: { ...authorization(), 'content-type': 'multipart/form-data; boundary=b' },
    body: ReadableStream.from(form()),
    duplex: 'half',
  });
}

describe('files.*', () => {
  it('has the whole life of a file', async () => {
    const openai = client();
    const content = randomBytes(300_000);
    const file = await openai.files.create({
      file: await toFile(content, 'größer 文件.bin'),
      purpose: 'user_data',
      expires_after: { anchor: 'created_at', seconds: 7_200 },
    });
    test.schema.expectValid('OpenAIFile', file);
    expect(file).toMatchObject({ object: 'file', bytes: 300_000, filename: 'größer 文件.bin', purpose: 'user_data' });
    expect(file.expires_at).toBe(file.created_at + 7_200);
    expect(await openai.files.retrieve(file.id)).toEqual(file);
    const listed = [];
    for await (const each of openai.files.list({ purpose: 'user_data', limit: 1 })) listed.push(each.id);
    expect(listed).toContain(file.id);
    const downloaded = await openai.files.content(file.id);
    expect(downloaded.headers.get('content-disposition')).toContain("filename*=UTF-8''gr%C3%B6%C3%9Fer%20");
    expect(Buffer.from(await downloaded.arrayBuffer()).equals(content)).toBe(true);
    expect(await openai.files.delete(file.id)).toEqual({ id: file.id, object: 'file', deleted: true });
    await expect(openai.files.retrieve(file.id)).rejects.toMatchObject({ status: 404, code: 'file_not_found' });
    await expect(openai.files.content(file.id)).rejects.toMatchObject({ status: 404 });
    await expect(openai.files.delete(file.id)).rejects.toMatchObject({ status: 404 });
  });

  it('accepts an empty file', async () => {
    const file = await client().files.create({ file: await toFile(Buffer.alloc(0), 'empty'), purpose: 'user_data' });
    expect(file.bytes).toBe(0);
    expect((await (await client().files.content(file.id)).arrayBuffer()).byteLength).toBe(0);
  });

  it('repeats a creation with the same idempotency key', async () => {
    const create = (content: string): Promise<Response> =>
      fetch(url(), {
        method: 'POST',
        headers: { ...authorization(), 'idempotency-key': 'the same' },
        body: fileForm({}, content),
      });
    const [first, second] = [await (await create('a')).json(), await (await create('a')).json()];
    expect(second).toEqual(first);
    expect(await errorOf(create('b'))).toEqual([409, 'idempotency_key_reused']);
  });
});

describe('uploads.*', () => {
  it('makes a file of parts that were sent at the same time, in any order', async () => {
    const openai = client();
    const pieces = [3_000_000, 1_000, 5_000_000, 1].map((bytes) => randomBytes(bytes));
    const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
    const upload = await openai.uploads.create({
      filename: 'large.bin',
      purpose: 'vision',
      bytes,
      mime_type: 'image/png',
    });
    test.schema.expectValid('Upload', upload);
    expect(upload).toMatchObject({ status: 'pending', expires_at: upload.created_at + 3_600 });
    const parts = await Promise.all(
      pieces.map(async (data) => openai.uploads.parts.create(upload.id, { data: await toFile(data, 'part') })),
    );
    for (const part of parts) test.schema.expectValid('UploadPart', part);
    const md5 = createHash('md5').update(Buffer.concat(pieces)).digest('hex');
    const completed = await openai.uploads.complete(upload.id, { part_ids: parts.map(({ id }) => id), md5 });
    test.schema.expectValid('Upload', completed);
    const { file } = completed;
    expect(file).toMatchObject({ bytes, purpose: 'vision', filename: 'large.bin' });
    const content = await (await openai.files.content(file?.id ?? '')).arrayBuffer();
    expect(Buffer.from(content).equals(Buffer.concat(pieces))).toBe(true);
    await expect(openai.uploads.cancel(upload.id)).rejects.toMatchObject({ status: 400 });
  });

  it('is cancelled with its parts', async () => {
    const openai = client();
    const upload = await openai.uploads.create({ filename: 'a', purpose: 'batch', bytes: 5, mime_type: 'a/b' });
    await openai.uploads.parts.create(upload.id, { data: await toFile(randomBytes(5), 'part') });
    expect(await openai.uploads.cancel(upload.id)).toMatchObject({ status: 'cancelled' });
    await expect(
      openai.uploads.parts.create(upload.id, { data: await toFile(randomBytes(5), 'part') }),
    ).rejects.toMatchObject({ status: 400, message: expect.stringContaining('it is cancelled') });
  });
});

describe('content', () => {
  it('is sent in ranges, as HTTP has them', async () => {
    const { id } = await client().files.create({
      file: await toFile(Buffer.from('0123456789'), 'a'),
      purpose: 'evals',
    });
    const get = async (range?: string): Promise<unknown[]> => {
      const response = await fetch(url(`/${id}/content`), { headers: { ...authorization(), ...(range && { range }) } });
      const { headers } = response;
      return [response.status, headers.get('content-length'), headers.get('content-range'), await response.text()];
    };
    expect(await get()).toEqual([200, '10', null, '0123456789']);
    expect(await get('bytes=2-4')).toEqual([206, '3', 'bytes 2-4/10', '234']);
    expect(await get('bytes=-3')).toEqual([206, '3', 'bytes 7-9/10', '789']);
    expect(await get('bytes=0-1,4-5')).toEqual([200, '10', null, '0123456789']);
    expect((await get('bytes=10-')).slice(0, 3)).toEqual([416, expect.any(String), 'bytes */10']);
  });
});

describe('an upload', () => {
  it('of unknown length is stored as it arrives', async () => {
    const bytes = 40_000_000;
    const response = await sendStream(bytes);
    expect(response.status).toBe(200);
    const file = (await response.json()) as { id: string; bytes: number };
    expect(file.bytes).toBe(bytes);
    const { body } = await fetch(url(`/${file.id}/content`), { headers: authorization() });
    let read = 0;
    for await (const chunk of body ?? []) read += chunk.length;
    expect(read).toBe(bytes);
  });

  it('larger than 512 MB is a 413, and 8 GB are not sent in vain', async () => {
    let sent = 0;
    const response = await sendStream(8 * 1_024 ** 3, (at) => (sent = at)).catch(() => undefined);
    // The server responds in the middle; whether a client sees it, or that its connection was closed, is up to the client.
    if (response !== undefined) expect(await errorOf(Promise.resolve(response))).toEqual([413, 'file_too_large']);
    expect(sent).toBeLessThan(1_024 ** 3);
    const known = await fetch(url(), {
      method: 'POST',
      headers: { ...authorization(), 'content-type': 'multipart/form-data; boundary=b' },
      body: new Blob([Buffer.alloc(1_024)]),
    });
    expect(known.status).toBe(400);
  });

  it('is a 503 while the files service is down, and so is everything else about files', async () => {
    const { id } = await client().files.create({ file: await toFile(Buffer.from('x'), 'a'), purpose: 'evals' });
    const service = test.platform.service('files');
    await service.kill('SIGKILL');
    const outcomes = [
      await errorOf(fetch(url(), { method: 'POST', headers: authorization(), body: fileForm() })),
      await errorOf(fetch(url(), { headers: authorization() })),
      await errorOf(fetch(url(`/${id}/content`), { headers: authorization() })),
    ];
    expect(outcomes).toEqual(outcomes.map(() => [503, 'storage_unavailable']));
    await service.start();
    expect(
      await eventually('it is back', () =>
        client()
          .files.retrieve(id)
          .catch(() => undefined),
      ),
    ).toMatchObject({ id });
    expect(await (await client().files.content(id)).text()).toBe('x');
  });
});
