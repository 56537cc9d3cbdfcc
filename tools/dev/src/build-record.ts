/**
 * Tells whether anything has changed since the last build, by the times and sizes of all files that go into it or came out of
 * it. Nx knows more and takes two seconds to say so; it is asked when this does not know.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Sources and output of the build, and the program that builds. */
const FOLDERS = ['apps', 'libs', 'tools/bundler'];
/** What else a build depends on. */
const FILES = ['.swcrc', 'nx.json', 'package-lock.json'];

interface BuildState {
  readonly sources: string;
  /** All `dist` folders. */
  readonly output: string;
}

export class BuildRecord {
  readonly #root: string;
  readonly #file: string;

  constructor(root: string) {
    this.#root = root;
    this.#file = join(root, 'node_modules', '.cache', 'xerotier-build.json');
  }

  /** Whether the last build that was recorded built what is there now, and is still there. */
  async isCurrent(): Promise<boolean> {
    const recorded = await readFile(this.#file, 'utf8').catch(() => undefined);
    return recorded !== undefined && recorded === JSON.stringify(await this.#state());
  }

  /** Builds, and records it. A source that changed meanwhile may have come too late: nothing is recorded then. */
  async around(build: () => Promise<void>): Promise<void> {
    await rm(this.#file, { force: true });
    const { sources } = await this.#state();
    await build();
    const state = await this.#state();
    if (state.sources !== sources) return;
    await mkdir(dirname(this.#file), { recursive: true });
    await writeFile(this.#file, JSON.stringify(state));
  }

  async #state(): Promise<BuildState> {
    const paths = [...FILES, ...(await Promise.all(FOLDERS.map((folder) => this.#filesBelow(folder)))).flat()];
    const lines = await Promise.all(paths.map((path) => this.#describe(path)));
    const isOutput = (line: string): boolean => /^[^\t]*\/dist\//.test(line);
    return {
      sources: digestOf(lines.filter((line) => !isOutput(line))),
      output: digestOf(lines.filter(isOutput)),
    };
  }

  async #filesBelow(folder: string): Promise<string[]> {
    const entries = await readdir(join(this.#root, folder), { withFileTypes: true }).catch(ifGone([]));
    const paths = (isFolder: boolean): string[] =>
      entries
        .filter((entry) => entry.name !== 'node_modules' && entry.isDirectory() === isFolder)
        .map(({ name }) => `${folder}/${name}`);
    return [...paths(false), ...(await Promise.all(paths(true).map((path) => this.#filesBelow(path)))).flat()];
  }

  /** Its path, up to the first tab, and what changes with it. */
  async #describe(path: string): Promise<string> {
    const found = await stat(join(this.#root, path)).catch(ifGone(undefined));
    return `${path}\t${found?.mtimeMs}\t${found?.size}`;
  }
}

/** Another process may be building: what it is about to replace is a difference, not an error. */
function ifGone<T>(instead: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code !== 'ENOENT') throw error;
    return instead;
  };
}

function digestOf(lines: readonly string[]): string {
  return createHash('sha256').update(lines.toSorted().join('\n')).digest('hex');
}
