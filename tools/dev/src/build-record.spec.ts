import { appendFile, mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BuildRecord } from './build-record.ts';

let root: string;
let record: BuildRecord;

const SOURCE = 'apps/auth/src/main.ts';
const OUTPUT = 'apps/auth/dist/main.js';

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'xerotier-build-'));
  for (const folder of ['apps/auth/src', 'apps/auth/dist', 'apps/auth/node_modules', 'libs/log/src'])
    await mkdir(join(root, folder), { recursive: true });
  for (const file of ['.swcrc', 'nx.json', 'package-lock.json', SOURCE, 'libs/log/src/index.ts'])
    await writeFile(join(root, file), '');
  record = new BuildRecord(root);
});
afterEach(() => rm(root, { recursive: true }));

const build = (): Promise<void> => writeFile(join(root, OUTPUT), 'built');

describe('BuildRecord', () => {
  it('is not current before the first build', async () => {
    expect(await record.isCurrent()).toBe(false);
  });

  it('is current after a build, also in the next process', async () => {
    await record.around(build);
    expect(await record.isCurrent()).toBe(true);
    expect(await new BuildRecord(root).isCurrent()).toBe(true);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['a source has changed', () => appendFile(join(root, SOURCE), 'x')],
    ['a source was written at another time', () => utimes(join(root, SOURCE), 1, 1)],
    ['a source is new', () => writeFile(join(root, 'libs/log/src/new.ts'), '')],
    ['a source is gone', () => rm(join(root, 'libs/log/src/index.ts'))],
    ['the settings of the compiler have changed', () => appendFile(join(root, '.swcrc'), '{}')],
    ['the dependencies have changed', () => appendFile(join(root, 'package-lock.json'), '{}')],
    ['what was built is gone', () => rm(join(root, OUTPUT))],
    ['what was built was overwritten', () => appendFile(join(root, OUTPUT), 'x')],
  ])('is not current when %s', async (_, change) => {
    await record.around(build);
    await change();
    expect(await record.isCurrent()).toBe(false);
  });

  it('ignores installed packages', async () => {
    await record.around(build);
    await writeFile(join(root, 'apps/auth/node_modules/x.js'), '');
    expect(await record.isCurrent()).toBe(true);
  });

  it('is not current after a failed build', async () => {
    await record.around(build);
    const failing = record.around(() => Promise.reject(new Error('a syntax error')));
    await expect(failing).rejects.toThrow('a syntax error');
    expect(await record.isCurrent()).toBe(false);
  });

  it('is not current when a source changed during the build', async () => {
    await record.around(async () => {
      await build();
      await appendFile(join(root, SOURCE), 'x');
    });
    expect(await record.isCurrent()).toBe(false);
  });
});
