import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleApp } from './bundle-app.ts';

const root = join(import.meta.dirname, '../../..');

let app: string;
beforeEach(() => {
  app = mkdtempSync(join(tmpdir(), 'xerotier-app-'));
  mkdirSync(join(app, 'src'));
  writeFileSync(join(app, 'package.json'), '{ "type": "module" }');
});
afterEach(() => rmSync(app, { recursive: true }));

/** Bundles these files of `src`, and returns what the bundle prints. */
async function outputOf(files: Readonly<Record<string, string>>): Promise<string> {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(app, 'src', name), text);
  await bundleApp(root, app);
  const args = ['--enable-source-maps', join(app, 'dist/main.js')];
  return execFileSync(process.execPath, args, { encoding: 'utf8', env: {} });
}

describe('bundleApp', () => {
  it('keeps the names of classes that several modules use', async () => {
    const decorator = 'const mark = (): ClassDecorator => () => undefined;\n';
    const printed = await outputOf({
      'a.ts': 'export class Project {}',
      'b.ts': `${decorator}@mark() export class Project {}`,
      'main.ts': `
        import { Project as A } from './a.ts';
        import { Project as B } from './b.ts';
        console.log(A.name, B.name, A === (B as unknown));`,
    });
    expect(printed).toBe('Project Project false\n');
  });

  it('makes one file of a program that a module starts as a process', async () => {
    const printed = await outputOf({
      'word.ts': "export const word = 'started';",
      'greet-process.ts': "import { word } from './word.ts'; console.log(word);",
      'main.ts': `
        import { execFileSync } from 'node:child_process';
        import { fileURLToPath } from 'node:url';
        import { word } from './word.ts';
        const program = fileURLToPath(new URL('./greet-process.ts', import.meta.url));
        const args = ['--permission', '--allow-fs-read=' + program, program];
        console.log(word, execFileSync(process.execPath, args, { encoding: 'utf8' }));`,
    });
    expect(printed).toBe('started started\n\n');
  });

  it('rejects two programs of one name, since one would replace the other', async () => {
    mkdirSync(join(app, 'src/a'));
    const start = "export const program = new URL('./greet-process.ts', import.meta.url);";
    const bundle = outputOf({
      'main.ts':
        "import { program } from './start.ts'; import { program as other } from './a/start.ts'; console.log(program, other);",
      'start.ts': start,
      'greet-process.ts': '',
      'a/start.ts': start,
      'a/greet-process.ts': '',
    });
    await expect(bundle).rejects.toThrow(/Two programs of .* have the name greet-process/);
  });

  it('maps stack traces to the lines of the sources', async () => {
    const printed = await outputOf({ 'main.ts': '\n\nconsole.log(new Error("here").stack);' });
    expect(printed).toMatch(/src\/main\.ts:3:/);
  });
});
