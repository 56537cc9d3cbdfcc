/** The settings that services read, and their consistency with the registry. */
import { listSettings } from '@xerotier/config';
import type { SettingsTree } from '@xerotier/config';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SERVER_VARIABLES } from './service-entry.ts';
import type { ServiceEntry } from './service-entry.ts';

const projectRoot = resolve(import.meta.dirname, '../../..');

/**
 * Returns the settings of an app. Imported at run time: they are plain values, and no tool may depend on an app
 * statically.
 * @throws {Error} when the app has no config.ts that exports them.
 */
export async function settingsOf(app: string, root = projectRoot): Promise<SettingsTree> {
  const path = `apps/${app}/src/config.ts`;
  if (!existsSync(join(root, path))) throw new Error(`${path} does not exist`);
  const { settings } = (await import(pathToFileURL(join(root, path)).href)) as { settings?: SettingsTree };
  if (settings === undefined) throw new Error(`${path} must export its settings as 'settings'`);
  return settings;
}

/** Returns contradictions between an entry and the settings in the app's config.ts. */
export function settingsProblems(entry: ServiceEntry, settings: SettingsTree): string[] {
  const where = `apps/${entry.name}/project.json`;
  const all = listSettings(settings);
  const isRead = (variable: string): boolean => all.some((setting) => setting.variable === variable);
  const given = [...entry.needs.map((server) => SERVER_VARIABLES[server]), ...entry.secrets, ...entry.settings];
  const required = all.filter(({ schema }) => !schema.safeParse(undefined).success).map(({ variable }) => variable);
  return [
    ...given
      .filter((variable) => !isRead(variable))
      .map((variable) => `${where} needs ${variable}, which its config.ts does not read`),
    ...required
      .filter((variable) => !given.includes(variable))
      .map(
        (variable) =>
          `${where} does not give ${variable}, which its config.ts requires: add it to needs, secrets or settings`,
      ),
    ...entry.secrets
      .filter((variable) => all.some((setting) => setting.variable === variable && !setting.secret))
      .map((variable) => `${where} has ${variable} among its secrets, but its config.ts does not declare it as one`),
    ...secretProblems(entry, settings),
  ];
}

/** A generated secret, 32 bytes in hexadecimal, must be a valid value of the setting. */
function secretProblems({ name, secrets }: ServiceEntry, settings: SettingsTree): string[] {
  const sample = '0123456789abcdef'.repeat(4);
  return listSettings(settings)
    .filter(({ variable, schema }) => secrets.includes(variable) && !schema.safeParse(sample).success)
    .map(({ variable }) => `apps/${name}/src/config.ts: ${variable} must accept 32 bytes in hexadecimal, as generated`);
}
