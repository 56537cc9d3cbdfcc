/** docs/generated/configuration.md: every setting of every service. */
import { listSettings } from '@xerotier/config';
import type { Setting, SettingsTree } from '@xerotier/config';
import { GENERATED_NOTE, table } from './markdown.ts';

/** Read at run time: an app's source is plain settings, and no tool may depend on an app otherwise. */
async function settingsOf(app: string): Promise<SettingsTree> {
  const module = (await import(new URL(`../../../apps/${app}/src/config.ts`, import.meta.url).href)) as {
    settings?: SettingsTree;
  };
  if (module.settings === undefined)
    throw new Error(`apps/${app}/src/config.ts must export its settings as 'settings'`);
  return module.settings;
}

export async function configurationPage(): Promise<string> {
  const sections: string[] = [];
  for (const app of ['gateway', 'auth', 'router', 'responses', 'xim']) {
    const rows = listSettings(await settingsOf(app)).map(row);
    sections.push(`## ${app}\n\n${table(['Variable', 'Required', 'What it is'], rows)}`);
  }
  return [
    '# Configuration',
    GENERATED_NOTE,
    'Each service reads its settings from environment variables, once, when it starts. One that is missing or does not fit stops it with a message that names the variable. An empty variable counts as not set.',
    ...sections,
  ]
    .join('\n\n')
    .concat('\n');
}

function row({ variable, schema, about, secret }: Setting): string[] {
  const required = !schema.safeParse(undefined).success;
  return [`\`${variable}\``, required ? 'yes' : '', `${about}${secret ? ' **Secret.**' : ''}`];
}
