/** docs/generated/services.md: all services, from the `project.json` of their apps. */
import { readRegistry } from '@xerotier/registry';
import { GENERATED_NOTE, table } from './markdown.ts';

export function servicesPage(): string {
  const rows = readRegistry().map(
    ({ name, kind, description, needs, schema = '', secrets, commands, ports, image }) => [
      `[${name}](../../apps/${name}/src/main.ts)`,
      kind,
      description,
      needs.join(', '),
      code(schema === '' ? [] : [schema]),
      code(secrets),
      Object.entries(ports)
        .map(([use, port]) => `${port} (${use})`)
        .join(', '),
      code(commands),
      code([image]),
    ],
  );
  return [
    '# Services',
    GENERATED_NOTE,
    'From `metadata` in the `project.json` of each app. Ports are those inside a container; the image is a target in `deploy/Dockerfile`.',
    table(['Service', 'Kind', 'Owns', 'Needs', 'Schema', 'Secrets', 'Ports', 'Commands', 'Image'], rows),
  ]
    .join('\n\n')
    .concat('\n');
}

function code(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}
