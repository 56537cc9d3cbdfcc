/**
 * Lets Node run the TypeScript sources of the apps and of the service host, whose decorators it cannot strip:
 * `node --import=@xerotier/testing/swc-hooks`. The output is cached by the content of the source, since a test starts dozens
 * of processes.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const config = JSON.parse(readFileSync(new URL('../../../../.swcrc', import.meta.url), 'utf8'));
const transformed = ['../../../../apps/', '../../service-host/src/'].map((path) => new URL(path, import.meta.url).href);
const cache = new URL('../../../../node_modules/.cache/swc-hooks/', import.meta.url);
const compiler = `${require('@swc/core/package.json').version} ${JSON.stringify(config)}`;
mkdirSync(cache, { recursive: true });

registerHooks({
  load: (url, context, nextLoad) => {
    if (!transformed.some((folder) => url.startsWith(folder)) || !url.endsWith('.ts')) return nextLoad(url, context);
    return { format: 'module', source: transform(fileURLToPath(url)), shortCircuit: true };
  },
});

function transform(filename) {
  const source = readFileSync(filename, 'utf8');
  const hash = createHash('sha256').update(`${compiler}\n${filename}\n${source}`).digest('hex');
  const cached = new URL(`${hash}.js`, cache);
  try {
    return readFileSync(cached, 'utf8');
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  // Loaded here only, because loading it takes longer than all the rest.
  const { transformSync } = require('@swc/core');
  const { code } = transformSync(source, { ...config, filename, swcrc: false, sourceMaps: 'inline' });
  // Whole or not at all: processes start beside each other.
  const unfinished = new URL(`${hash}.${process.pid}`, cache);
  writeFileSync(unfinished, code);
  renameSync(unfinished, cached);
  return code;
}
