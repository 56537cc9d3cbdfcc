/** Our programs in containers: which file a command starts, and which settings that program reads. */
import type { SettingsTree } from '@xerotier/config';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface Program {
  /** Relative to the project: `apps/auth/dist/main.js`, `deploy/seed.mjs`. */
  readonly path: string;
  /** The services whose code runs: its own, or those that it calls. */
  readonly apps: readonly string[];
  /** By what they belong to; all of them are read from the one environment. */
  readonly settings: Readonly<Record<string, SettingsTree>>;
}

/** The program of a command such as `tini -- node --flag apps/auth/dist/main.js`. */
export function programPathOf(command: readonly string[]): string | undefined {
  return command.find((word) => /^(?:apps\/[\w-]+\/dist\/main\.js|deploy\/[\w-]+\.mjs)$/.test(word));
}

/** @throws {Error} when the program is not there, or its settings are not where they belong. */
export async function loadProgram(root: string, path: string): Promise<Program> {
  const app = /^apps\/([\w-]+)\//.exec(path)?.[1];
  if (app !== undefined) return { path, apps: [app], settings: { [app]: await settingsOf(root, app) } };
  const { settings, calledServices = [] } = await importFrom<{
    settings?: SettingsTree;
    calledServices?: readonly string[];
  }>(root, path.replace(/\.mjs$/, '-settings.mjs'));
  if (settings === undefined) throw new Error(`${path.replace(/\.mjs$/, '-settings.mjs')} must export its 'settings'`);
  const called = await Promise.all(calledServices.map(async (name) => [name, await settingsOf(root, name)] as const));
  return { path, apps: calledServices, settings: { [path]: settings, ...Object.fromEntries(called) } };
}

async function settingsOf(root: string, app: string): Promise<SettingsTree> {
  const { settings } = await importFrom<{ settings?: SettingsTree }>(root, `apps/${app}/src/config.ts`);
  if (settings === undefined) throw new Error(`apps/${app}/src/config.ts must export its settings as 'settings'`);
  return settings;
}

async function importFrom<T>(root: string, path: string): Promise<T> {
  const file = join(root, path);
  if (!existsSync(file)) throw new Error(`${path} does not exist`);
  return (await import(pathToFileURL(file).href)) as T;
}
