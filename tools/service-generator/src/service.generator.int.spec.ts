/**
 * Generates a service in a copy of this project, and then does what a contributor would: checks it and runs its test,
 * on real servers.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { flushChanges, FsTree } from 'nx/src/generators/tree.js';
import { serviceGenerator } from './service.generator.ts';

const projectRoot = resolve(import.meta.dirname, '../../..');
/** A name of two words, whose case differs between contexts. */
const NAME = 'file-sets';

let copy: string;
let generated: ReturnType<typeof run>;

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'xerotier-generated-'));
  copyProject(copy);
  generated = generate(NAME);
  // What npm install does for a new workspace.
  symlinkSync(`../../apps/${NAME}`, join(copy, 'node_modules/@xerotier', NAME));
}, 300_000);

afterAll(() => rmSync(copy, { recursive: true, force: true }));

function copyProject(target: string): void {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: projectRoot });
  for (const path of listed.toString().trimEnd().split('\n')) {
    mkdirSync(dirname(join(target, path)), { recursive: true });
    // Models are large, and not modified.
    if (path.endsWith('.gguf')) symlinkSync(join(projectRoot, path), join(target, path));
    else cpSync(join(projectRoot, path), join(target, path));
  }
  symlinkSync(join(projectRoot, '.cache'), join(target, '.cache'));
  // Packages are shared; packages of this project are those of the copy.
  const modules = join(projectRoot, 'node_modules');
  mkdirSync(join(target, 'node_modules/@xerotier'), { recursive: true });
  for (const name of readdirSync(modules).filter((entry) => !['@xerotier', '.cache'].includes(entry)))
    symlinkSync(join(modules, name), join(target, 'node_modules', name));
  for (const name of readdirSync(join(modules, '@xerotier'))) {
    const link = readlinkSync(join(modules, '@xerotier', name));
    symlinkSync(link, join(target, 'node_modules/@xerotier', name));
    // Its own versions.
    const nested = join(link.replace('../../', ''), 'node_modules');
    if (existsSync(join(projectRoot, nested))) symlinkSync(join(projectRoot, nested), join(target, nested));
  }
}

function run(program: string, ...args: string[]): { code: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(join(copy, 'node_modules/.bin', program), args, {
    cwd: copy,
    encoding: 'utf8',
    env: {
      PATH: `${join(projectRoot, 'node_modules/.bin')}:${process.env['PATH']}`,
      HOME: process.env['HOME'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      NX_DAEMON: 'false',
      NX_TUI: 'false',
    },
  });
  return { code: status, output: `${stdout}${stderr}` };
}

function generate(name: string): ReturnType<typeof run> {
  const options = ['--description=sets of uploaded files', '--secret=FILE_SETS_KEY', '--skipInstall'];
  return run('nx', 'generate', 'service', name, ...options);
}

describe('a generated service', () => {
  it('is generated without prompts', () => {
    expect(generated).toMatchObject({ code: 0, output: expect.stringContaining(`CREATE apps/${NAME}/src/main.ts`) });
  });

  it('type-checks', () => {
    expect(run('tsc', '--noEmit', '-p', `apps/${NAME}/tsconfig.json`)).toEqual({ code: 0, output: '' });
  }, 300_000);

  it('has only dependencies that it uses, also without a secret', async () => {
    const tree = new FsTree(copy, false);
    await serviceGenerator(tree, { name: 'notes', description: 'notes', skipInstall: true });
    flushChanges(copy, tree.listChanges());
    for (const name of [NAME, 'notes']) {
      const folder = join(copy, 'apps', name);
      const { dependencies, devDependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
        dependencies: Record<string, string>;
        devDependencies: Record<string, string>;
      };
      const sources = readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' })
        .filter((path) => path.endsWith('.ts'))
        .map((path) => readFileSync(join(folder, 'src', path), 'utf8'))
        .join('');
      const unused = Object.keys({ ...dependencies, ...devDependencies }).filter(
        (each) => !sources.includes(`'${each}`),
      );
      // A peer dependency of Nest.
      expect(unused).toEqual(['rxjs']);
    }
  }, 120_000);

  it('is formatted, including the edited files', () => {
    const paths = [`apps/${NAME}`, 'libs/contracts/src', 'docker-compose.yml', 'docs/*.md'];
    expect(run('prettier', '--check', '--log-level=warn', ...paths)).toEqual({ code: 0, output: '' });
  }, 120_000);

  it('is consistent with its entry, the Compose file, the Dockerfile and the documents', () => {
    const script = `
      import { checkDeployment } from './tools/tidy/src/compose/check-deployment.ts';
      import { readDeploymentTexts } from './tools/tidy/src/compose/deployment.ts';
      import { checkServiceRegistry } from './tools/tidy/src/service-registry.ts';
      const root = process.cwd();
      console.log(JSON.stringify([
        ...(await checkServiceRegistry(root)),
        ...(await checkDeployment(root, readDeploymentTexts(root))),
      ]));`;
    const { output } = run('node', '--input-type=module', '--eval', script);
    expect(output.trim()).toBe('[]');
  }, 120_000);

  it('changes existing files only where services are listed', () => {
    const linesOf = (root: string, path: string): string[] =>
      readFileSync(join(root, path), 'utf8')
        .split('\n')
        .map((line) => line.replace(/[ -]+/g, ' '));
    for (const path of ['docker-compose.yml', 'deploy/Dockerfile', 'docs/architecture.md', 'docs/deployment.md']) {
      const after = new Set(linesOf(copy, path));
      const lost = linesOf(projectRoot, path).filter((line) => !after.has(line));
      expect(lost.filter((line) => !line.includes('workspace=apps/'))).toEqual([]);
    }
  });

  it('starts and serves its contract, whose messages have fixtures', () => {
    const tests = run('jest', '-c', 'jest.int.config.mjs', '--forceExit', `apps/${NAME}/`);
    expect(tests.output).toMatch(/Tests: +4 passed, 4 total/);
    expect(tests.code).toBe(0);
    expect(run('jest', 'libs/contracts/src/fixtures')).toMatchObject({ code: 0 });
  }, 300_000);

  it('is not generated over an existing one', async () => {
    const options = { name: NAME, description: 'sets of uploaded files' };
    await expect(serviceGenerator(new FsTree(copy, false), options)).rejects.toThrow(`App '${NAME}' already exists`);
  });

  it('is not generated under an invalid name', () => {
    expect(generate('FileSets')).toMatchObject({ code: 1, output: expect.stringContaining('name') });
  }, 120_000);
});
