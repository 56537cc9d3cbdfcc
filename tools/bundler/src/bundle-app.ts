/**
 * Bundles an app: `src/main.ts`, the libraries and the packages that it imports become `dist/main.js` and a chunk for each dynamic
 * import. What they start as processes of their own becomes one file each, beside it. A bundle starts in about half the time of its modules, since Node resolves and links a few files instead of a
 * thousand (ADR 0021).
 */
import { transform } from '@swc/core';
import type { Options } from '@swc/core';
import { build } from 'esbuild';
import type { BuildOptions, OnLoadResult, Plugin } from 'esbuild';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Loaded at run time: native code, or files beside their code. */
export const EXTERNAL: string[] = ['node-llama-cpp', '@node-rs/argon2'];
/** CommonJS packages in the bundle call `require` of Node's own modules. */
const BANNER = `import { createRequire as __createRequire } from 'node:module';
const require = __createRequire(import.meta.url);`;
const SOURCE_MAP = /^\/\/# sourceMappingURL=/m;
/** With this, the `require` of a package would load a second copy of what is in the bundle. */
const OWN_REQUIRE = /^const require = createRequire\(import\.meta\.url\);$/m;
/** Tells Node and esbuild that a file has no source map. */
const NO_SOURCE_MAP = `\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(
  JSON.stringify({ version: 3, sources: [''], mappings: 'AAAA' }),
).toString('base64')}`;

/**
 * @param root of the repository. @param app folder of the app. @param outdir default: `dist` of the app.
 * @throws {Error} with the messages of the compilers.
 */
export async function bundleApp(root: string, app: string, outdir = join(app, 'dist')): Promise<void> {
  const swcrc = JSON.parse(await readFile(join(root, '.swcrc'), 'utf8')) as Options;
  const programs = new Set<string>();
  const options: BuildOptions = {
    absWorkingDir: app,
    outdir,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    external: EXTERNAL,
    banner: { js: BANNER },
    minifyWhitespace: true,
    sourcemap: true,
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'warning',
    plugins: [typescript(swcrc, programs), packages],
  };
  await build({ ...options, entryPoints: ['src/main.ts'], splitting: true, chunkNames: '[name]-[hash]' });
  // Without chunks, so that such a process needs to read nothing but its own file. The list grows while programs start others.
  const names = new Set(['main']);
  for (const program of programs) {
    const name = basename(program, '.ts');
    if (names.has(name)) throw new Error(`Two programs of ${app} have the name ${name}.`);
    names.add(name);
    await build({ ...options, entryPoints: { [name]: program } });
  }
}

/** How a module names what it starts as a process: the file is beside it in the sources, and beside the bundle as well. */
const PROGRAM = /\bnew URL\('\.\/([\w-]+-process)\.ts', import\.meta\.url\)/g;

/**
 * Compiles TypeScript as the tests do: esbuild itself does not emit the metadata of decorators.
 * @param programs receives the paths of the programs that modules start.
 */
function typescript(swcrc: Options, programs: Set<string>): Plugin {
  return {
    name: 'typescript',
    setup: ({ onLoad }) => {
      onLoad({ filter: /\.ts$/ }, async ({ path }): Promise<OnLoadResult> => {
        const source = (await readFile(path, 'utf8')).replace(PROGRAM, (_, name: string) => {
          programs.add(join(dirname(path), `${name}.ts`));
          return `new URL('./${name}.js', import.meta.url)`;
        });
        const options = { ...swcrc, filename: path, swcrc: false, sourceMaps: 'inline' } as const;
        const { code } = await transform(source, options);
        return { contents: code.replace(SOURCE_MAP, (map) => `${classNamesOf(code)}${map}`), loader: 'js' };
      });
    },
  };
}

/**
 * Names the classes of a module as its source does: the bundle renames one of two with the same name, and TypeORM derives the
 * name of a table from it. `keepNames` of esbuild would do this for every function, each time that one is created.
 */
function classNamesOf(code: string): string {
  const names = [...code.matchAll(/^(?:export )?(?:class (\w+)|(?:let|const) (\w+) = class\b)/gm)];
  return names
    .map(([, declared, assigned]) => declared ?? assigned)
    .map((name) => `Object.defineProperty(${name}, 'name', { value: '${name}', configurable: true });\n`)
    .join('');
}

/** Modules of packages that cost memory in each process, and do nothing for a service. */
const REPLACED: readonly { readonly filter: RegExp; readonly contents: string }[] = [
  // `z` has messages in fifty languages, a tenth of a bundle; only the default is used.
  { filter: /\/zod\/v4\/locales\/index\.js$/, contents: `export { default as en } from './en.js';` },
  // Finds the caller of `pino()` for a transport, which no service uses: for it Node decodes the source map of the whole bundle.
  { filter: /\/pino\/lib\/caller\.js$/, contents: 'module.exports = () => [];' },
];

/** What concerns installed packages: no source maps, and an optional one that is not installed fails at run time only. */
const packages: Plugin = {
  name: 'packages',
  setup: ({ onLoad, onResolve, resolve }) => {
    for (const { filter, contents } of REPLACED) onLoad({ filter }, () => ({ contents: contents + NO_SOURCE_MAP }));
    onLoad({ filter: /\/node_modules\/.*\.[cm]?js$/ }, async ({ path }): Promise<OnLoadResult> => ({
      contents: asciiOf((await readFile(path, 'utf8')).replace(OWN_REQUIRE, '')) + NO_SOURCE_MAP,
      loader: 'js',
    }));
    onResolve({ filter: /^[^./]/ }, async ({ path, pluginData, importer, resolveDir, kind }) => {
      if (pluginData === packages || !importer.includes('/node_modules/')) return undefined;
      const { errors } = await resolve(path, { importer, resolveDir, kind, pluginData: packages });
      return errors.length > 0 ? { path, external: true } : undefined;
    });
  },
};

/**
 * Escapes characters that esbuild leaves in regular expressions: one of them, and V8 needs two bytes for every character of
 * the bundle.
 */
function asciiOf(code: string): string {
  return code.replace(/[^\x00-\x7f]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
