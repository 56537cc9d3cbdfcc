import { readRegistry } from '@xerotier/registry';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { bundleApp, EXTERNAL } from './bundle-app.ts';

const root = join(import.meta.dirname, '../../..');
const SECOND_COPY = 'was loaded a second time';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'xerotier-bundle-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Bundles an app into a folder where packages are not installed, or only announce that they are loaded. */
async function bundled(app: string, packages: readonly string[]): Promise<string> {
  await bundleApp(root, join(root, 'apps', app), join(folder, 'dist'));
  await cp(join(root, 'apps', app, 'package.json'), join(folder, 'package.json'));
  for (const name of packages) {
    await mkdir(join(folder, 'node_modules', name), { recursive: true });
    await writeFile(join(folder, 'node_modules', name, 'index.js'), `console.error('${name} ${SECOND_COPY}');`);
  }
  // Those with native code are loaded from where they are installed.
  for (const name of EXTERNAL) {
    await mkdir(dirname(join(folder, 'node_modules', name)), { recursive: true });
    await symlink(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  }
  return join(folder, 'dist/main.js');
}

/** Runs it without settings, and returns its output. */
function outputOf(program: string): Promise<string> {
  return new Promise((resolve) => {
    const args = ['--enable-source-maps', program];
    execFile(process.execPath, args, { env: {} }, (_, out, error) => resolve(out + error));
  });
}

async function packagesOf(app: string): Promise<string[]> {
  const text = await readFile(join(root, 'apps', app, 'package.json'), 'utf8');
  const { dependencies } = JSON.parse(text) as { dependencies: Record<string, string> };
  return Object.keys(dependencies).filter((name) => !name.startsWith('@xerotier/') && !EXTERNAL.includes(name));
}

describe('bundleApp', () => {
  it.each(readRegistry().map(({ name }) => [name]))(
    'puts every package that %s imports into the bundle',
    async (app) => {
      const program = await bundled(app, await packagesOf(app));
      const output = await outputOf(program);
      expect(output).toContain('is not set: it is required');
      expect(output).not.toContain(SECOND_COPY);

      const code = await readFile(program, 'latin1');
      expect(code.match(/.{0,40}[^\x00-\x7f]+.{0,40}/)).toBeNull();
      // What `REPLACED` leaves out.
      expect(code).not.toContain('getCallSites');
      expect(code).not.toContain('erwartet');
    },
  );

  it('makes a program of the check of models, which runs without rights', async () => {
    const library = join(root, 'libs/domain/model-files/src/index.ts');
    await mkdir(join(folder, 'src'));
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    const main = `
      import { checkModel } from '${library}';
      const template = { name: 'chat_template.jinja', size: 0, read: async function* () {} };
      await checkModel([template]).catch((error: Error) => console.log(error.message));`;
    await writeFile(join(folder, 'src/main.ts'), main);
    await bundleApp(root, folder);
    const output = await outputOf(join(folder, 'dist/main.js'));
    expect(output).toBe('The model was rejected: it has no GGUF or safetensors file.\n');
  });
});
