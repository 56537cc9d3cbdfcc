/** `node tools/bundler/src/main.ts`, in the folder of an app. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleApp } from './bundle-app.ts';

const app = process.cwd();
await rm(join(app, 'dist'), { recursive: true, force: true });
await bundleApp(join(import.meta.dirname, '../../..'), app);
