/** The service on an S3-compatible store. */
import { filesContract } from '@xerotier/contracts/files';
import { S3Store } from '@xerotier/object-store/s3';
import { testServers } from '@xerotier/testing';
import { randomBytes } from 'node:crypto';
import { changeOf, runningFiles } from '../../test/running-files.ts';

const servers = testServers('s3');
const files = runningFiles();
let store: S3Store;

beforeAll(async () => {
  const { url, accessKeyId, secretAccessKey, region } = servers.s3;
  const options = { endpoint: url, region, bucket: 'files', accessKeyId, secretAccessKey };
  store = await S3Store.open({ ...options, keyPrefix: 'xerotier/', forcePathStyle: true, createBucket: true });
  await files.restart({
    FILES_S3_BUCKET: 'files',
    FILES_S3_ENDPOINT: url,
    FILES_S3_REGION: region,
    FILES_S3_ACCESS_KEY_ID: accessKeyId,
    FILES_S3_SECRET_ACCESS_KEY: secretAccessKey,
    FILES_S3_FORCE_PATH_STYLE: 'true',
    FILES_S3_KEY_PREFIX: 'xerotier/',
  });
});

async function objects(): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list()) keys.push(key);
  return keys;
}

it('stores, reads and deletes files', async () => {
  const projectId = files.newProject();
  const content = randomBytes(12_000_000);
  const { id } = await files.create(projectId, content);
  expect((await files.read(projectId, id)).equals(content)).toBe(true);
  expect(
    (await files.read(projectId, id, 'bytes=9000000-9000009')).equals(content.subarray(9_000_000, 9_000_010)),
  ).toBe(true);
  expect(await objects()).toEqual([expect.stringMatching(new RegExp(`^${projectId}/[0-9a-f]{24}$`))]);
  await files.bus.call(filesContract.operations.deleteFile, { projectId, id });
  expect(await objects()).toEqual([]);
});

it('leaves nothing when the store fails', async () => {
  const projectId = files.newProject();
  await servers.s3.stop();
  await expect(files.create(projectId, randomBytes(100_000))).rejects.toMatchObject({ code: 'store.unavailable' });
  expect(await files.storedBytes(projectId)).toBe(0);
  await expect(files.begin(changeOf(projectId))).resolves.toMatchObject({ url: expect.any(String) });
});

it('is not started with half of its settings', async () => {
  await expect(files.restart({ FILES_S3_BUCKET: 'files' })).rejects.toThrow('FILES_S3_ACCESS_KEY_ID');
  await files.restart();
});
