import { chmod, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isReachable, mayTraverse, withAncestors } from './reachability.ts';

const STRANGER = { uid: 4_000_001, gid: 4_000_001 };

describe('mayTraverse', () => {
  const folder = { uid: 1, gid: 2 };

  it.each([
    ['the owner', 0o100, { uid: 1, gid: 9 }],
    ['the group', 0o010, { uid: 9, gid: 2 }],
    ['others', 0o001, { uid: 9, gid: 9 }],
  ])('applies only the bit of %s', (_who, mode, who) => {
    expect(mayTraverse({ ...folder, mode }, who)).toBe(true);
    expect(mayTraverse({ ...folder, mode: 0o777 & ~mode }, who)).toBe(false);
  });
});

describe('withAncestors', () => {
  it('lists a folder and its ancestors, from the root', () => {
    expect(withAncestors('/a/b')).toEqual(['/', '/a', '/a/b']);
    expect(withAncestors('/')).toEqual(['/']);
  });
});

describe('isReachable', () => {
  let dir: string;

  beforeEach(async () => {
    // Not the user's own temporary folder, which is closed on some systems.
    dir = await realpath(await mkdtemp('/tmp/reachable-'));
    await mkdir(join(dir, 'inner'));
    await chmod(join(dir, 'inner'), 0o755);
  });
  afterEach(() => rm(dir, { recursive: true }));

  it('is true when every ancestor is open', async () => {
    await chmod(dir, 0o711);
    expect(await isReachable(join(dir, 'inner'), STRANGER)).toBe(true);
  });

  it('is false when an ancestor is closed', async () => {
    await chmod(dir, 0o700);
    expect(await isReachable(join(dir, 'inner'), STRANGER)).toBe(false);
  });
});
