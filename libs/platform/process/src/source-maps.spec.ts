import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'xerotier-maps-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Where a program at this path says that it failed, whose source map leads to line 3 of `source.ts`. */
function stackOf(path: string): string {
  const map = { version: 3, sources: ['source.ts'], names: [], mappings: 'AAEA' };
  const inline = Buffer.from(JSON.stringify(map)).toString('base64');
  const file = join(folder, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(
    file,
    `console.log(new Error('failed').stack);\n//# sourceMappingURL=data:application/json;base64,${inline}\n`,
  );
  const flag = `--import=${join(import.meta.dirname, 'source-maps.ts')}`;
  return execFileSync(process.execPath, [flag, file], { env: {}, encoding: 'utf8' });
}

describe('source maps', () => {
  it('map built files to their sources', () => {
    expect(stackOf('dist/main.mjs')).toMatch(/source\.ts:3:/);
  });

  it('are not read for installed packages', () => {
    expect(stackOf('node_modules/other/main.mjs')).toMatch(/main\.mjs:1:/);
  });
});
