import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileMailSender } from './file-mail-sender.ts';

const message = { to: 'ada@example.com', subject: 'Hello', text: 'A link' };
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'mail-'));
});

afterEach(() => rm(root, { recursive: true }));

describe('FileMailSender', () => {
  it('writes one file per message, which only its user can read', async () => {
    const directory = join(root, 'new', 'mail');
    const sender = new FileMailSender(directory);
    await sender.send('a', message);
    await sender.send('a', message);
    await sender.send('b', message);
    expect((await readdir(directory)).toSorted()).toEqual(['a.json', 'b.json']);
    const file = join(directory, 'a.json');
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject(message);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  });

  it('does not follow a link that somebody else may have made', async () => {
    await mkdir(join(root, 'target'));
    await symlink(join(root, 'target'), join(root, 'mail'));
    await expect(new FileMailSender(join(root, 'mail')).send('a', message)).rejects.toThrow('is not a directory');
    expect(await readdir(join(root, 'target'))).toEqual([]);
  });
});
