/**
 * Lets Node run the TypeScript sources of an app and of the service host, whose decorators it cannot strip: `node
 * --import ./swc-hooks.mjs`.
 */
import { transformSync } from '@swc/core';
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

const config = JSON.parse(readFileSync(new URL('../../../.swcrc', import.meta.url), 'utf8'));
const jsc = { ...config.jsc, rewriteRelativeImportExtensions: false };
const transformed = ['../src/', '../../../libs/platform/service-host/src/'].map(
  (path) => new URL(path, import.meta.url).href,
);

registerHooks({
  load: (url, context, nextLoad) => {
    if (!transformed.some((folder) => url.startsWith(folder)) || !url.endsWith('.ts')) return nextLoad(url, context);
    const filename = fileURLToPath(url);
    const { code } = transformSync(readFileSync(filename, 'utf8'), {
      ...config,
      jsc,
      filename,
      swcrc: false,
      sourceMaps: 'inline',
    });
    return { format: 'module', source: code, shortCircuit: true };
  },
});
