/** docs/generated/configuration.md: all settings of all services. */
import { listSettings } from '@xerotier/config';
import type { Setting } from '@xerotier/config';
import { readRegistry } from '@xerotier/registry';
import { settingsOf } from '@xerotier/registry/settings';
import { GENERATED_NOTE, table } from './markdown.ts';

export async function configurationPage(): Promise<string> {
  const sections: string[] = [];
  for (const { name } of readRegistry()) {
    const rows = listSettings(await settingsOf(name)).map(row);
    sections.push(`## ${name}\n\n${table(['Variable', 'Required', 'Description'], rows)}`);
  }
  return [
    '# Configuration',
    GENERATED_NOTE,
    'Each service reads its settings from environment variables, once, when it starts. A missing or invalid one stops it with a message that names the variable. An empty variable counts as not set.',
    ...sections,
  ]
    .join('\n\n')
    .concat('\n');
}

function row({ variable, schema, about, secret }: Setting): string[] {
  const required = !schema.safeParse(undefined).success;
  return [`\`${variable}\``, required ? 'yes' : '', `${about}${secret ? ' **Secret.**' : ''}`];
}
