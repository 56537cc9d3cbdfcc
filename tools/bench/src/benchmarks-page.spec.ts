import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { replaceResults, writeBenchmarksPage } from './benchmarks-page.ts';

describe('writeBenchmarksPage', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'bench-page-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('creates the page once, and then replaces only the results', () => {
    const path = join(dir, 'benchmarks.md');
    writeBenchmarksPage(path, 'first');
    const page = readFileSync(path, 'utf8');
    expect(page).toContain('# Benchmarks');
    writeBenchmarksPage(path, 'second');
    expect(readFileSync(path, 'utf8')).toBe(page.replace('first', 'second'));
  });

  it('rejects a page without markers', () => {
    expect(() => replaceResults('# Benchmarks\n', 'results')).toThrow('markers');
  });
});
