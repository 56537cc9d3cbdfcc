/** `node tools/bundler/src/main.ts [output folder]`, in the folder of an app. The folder is replaced; default: `dist`. */
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { bundleApp } from './bundle-app.ts';

const output = resolve(process.argv[2] ?? 'dist');
await rm(output, { recursive: true, force: true });
await bundleApp(join(import.meta.dirname, '../../..'), process.cwd(), output);
