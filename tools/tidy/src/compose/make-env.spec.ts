import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv, promisify } from 'node:util';
import { projectRoot } from '../run-program.ts';
import { readComposeFile } from './compose-file.ts';
import { readDeploymentTexts } from './deployment.ts';

const run = promisify(execFile);

describe('deploy/make-env.sh', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'make-env-'));
    await cp(join(projectRoot, 'deploy'), join(folder, 'deploy'), { recursive: true });
  });

  afterEach(() => rm(folder, { recursive: true }));

  const makeEnv = (): Promise<{ stdout: string; stderr: string }> =>
    run('sh', [join(folder, 'deploy/make-env.sh')], { cwd: '/' });

  it('generates all secrets of the Compose file, readable by the owner only', async () => {
    const { stdout } = await makeEnv();
    const env = parseEnv(await readFile(join(folder, '.env'), 'utf8')) as Record<string, string>;
    expect(readComposeFile(readDeploymentTexts(projectRoot).compose, env).problems).toEqual([]);
    expect(env['AUTH_KEY_PEPPER']).toMatch(/^[0-9a-f]{64}$/);
    expect(env['POSTGRES_PASSWORD']).toMatch(/^[0-9a-f]{64}$/);
    expect(env['RESPONSES_MASTER_KEY']).toMatch(/^[0-9a-f]{64}$/);
    expect(env['AUTH_MASTER_KEY']).toMatch(/^[0-9a-f]{64}$/);
    expect(env['RESPONSES_MASTER_KEY']).not.toBe(env['AUTH_KEY_PEPPER']);
    expect(env['RESPONSES_MASTER_KEY']).not.toBe(env['AUTH_MASTER_KEY']);
    expect(env['POSTGRES_PASSWORD']).not.toBe(env['AUTH_KEY_PEPPER']);
    expect((await stat(join(folder, '.env'))).mode & 0o777).toBe(0o600);
    expect(stdout).not.toContain(env['AUTH_KEY_PEPPER']);
  });

  it('never changes an existing .env', async () => {
    await writeFile(join(folder, '.env'), 'AUTH_KEY_PEPPER=mine\n');
    await expect(makeEnv()).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching('.env already exists'),
    });
    expect(await readFile(join(folder, '.env'), 'utf8')).toBe('AUTH_KEY_PEPPER=mine\n');
  });
});
