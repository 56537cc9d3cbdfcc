/**
 * A jest runtime that lets Node load the tests and what they import, instead of jest's own module system in a vm context: code
 * runs as it does in production, and files of one worker share what they import, which halves the CPU time of the suites
 * (ADR 0023). Everything else of jest works: hooks, timeouts, matchers, reporters, `--testNamePattern`. Module mocks, and the
 * `jest` object with its fake timers, do not: use `mock` of `node:test`.
 */
import { transformSync } from '@swc/core';
import JestRuntime from 'jest-runtime';
import { readFileSync, realpathSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(import.meta.dirname, '../..');
const swc = JSON.parse(readFileSync(join(root, '.swcrc'), 'utf8'));
const ROOT = pathToFileURL(`${root}/`).href;
/** A copy of the checkout that Stryker mutates has the packages of the checkout. */
const CHECKOUT = pathToFileURL(`${dirname(realpathSync(join(root, 'node_modules')))}/`).href;
/** Compiled as for production; Node runs the sources of tools as they are. */
const COMPILED = [ROOT, CHECKOUT].flatMap((folder) => [`${folder}apps/`, `${folder}libs/`]);

registerHooks({
  resolve(specifier, context, nextResolve) {
    const resolved = nextResolve(specifier, context);
    return isReloading && isOwn(resolved.url) ? { ...resolved, url: `${resolved.url}?${testFiles}` } : resolved;
  },
  load(url, context, nextLoad) {
    const { pathname } = new URL(url);
    if (!pathname.endsWith('.ts') || !COMPILED.some((folder) => url.startsWith(folder))) return nextLoad(url, context);
    const filename = fileURLToPath(url);
    const options = { ...swc, swcrc: false, filename, sourceMaps: 'inline' };
    const { code } = transformSync(readFileSync(filename, 'utf8'), options);
    return { format: 'module', source: code, shortCircuit: true };
  },
});
process.setSourceMapsEnabled(true);

/** Test files that this process has run. */
let testFiles = 0;
/** In watch mode, and while Stryker mutates, one process runs a test file several times: it loads the sources again each time. */
let isReloading = false;

function isOwn(url) {
  return url.startsWith(ROOT) && !url.includes('/node_modules/');
}

/** What jest defines for tests. */
const TEST_GLOBALS = ['afterAll', 'afterEach', 'beforeAll', 'beforeEach', 'describe', 'expect', 'it', 'test'];
/** What Stryker defines for the code that it mutates (`npm run test:mutation`): which mutant is active. */
const MUTATION_GLOBAL = '__stryker__';
/** jest's own code runs in a vm context: `expect.any(String)` compares with the `String` of that context. */
const SHARED_GLOBALS = { Array, BigInt, Boolean, Function, Number, Object, String, Symbol };

class NativeRuntime extends JestRuntime {
  constructor(...args) {
    super(...args);
    const { watch, watchAll } = args.at(-1);
    isReloading = watch || watchAll || MUTATION_GLOBAL in this._environment.global;
  }

  unstable_shouldLoadAsEsm() {
    return true;
  }

  async unstable_importModule(path) {
    const { global } = this._environment;
    Object.assign(global, SHARED_GLOBALS);
    for (const name of [...TEST_GLOBALS, MUTATION_GLOBAL]) globalThis[name] = global[name];
    // jest's stack traces know only the files that jest has compiled.
    Error.prepareStackTrace = undefined;
    testFiles += 1;
    await import(`${pathToFileURL(path).href}?${testFiles}`);
  }
}

export { NativeRuntime as 'module.exports' };
