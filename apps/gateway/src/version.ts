import { readFileSync } from 'node:fs';

/** One level up from this file, and from the bundle that it becomes a part of. */
const packageFile = new URL('../package.json', import.meta.url);

/** The version of Xerotier: all packages of the repository have the same. */
export const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };
