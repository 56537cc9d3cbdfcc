/** Lets Node import entities, whose decorators it cannot strip. Import it before them, dynamically. */
import { transformSync } from '@swc/core';
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

const apps = new URL('../../../apps/', import.meta.url).href;
const config = JSON.parse(readFileSync(new URL('../../../.swcrc', import.meta.url), 'utf8'));

registerHooks({
  load: (url, context, nextLoad) => {
    if (!url.startsWith(apps) || !url.endsWith('.ts')) return nextLoad(url, context);
    const filename = fileURLToPath(url);
    const { code } = transformSync(readFileSync(filename, 'utf8'), { ...config, filename, swcrc: false });
    return { format: 'module', source: code, shortCircuit: true };
  },
});
