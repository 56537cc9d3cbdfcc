/** docs/generated/subjects.md: all NATS subjects. */
import { loadContracts } from './contracts.ts';
import { GENERATED_NOTE, table } from './markdown.ts';

export async function subjectsPage(): Promise<string> {
  const { services, events: allEvents } = await loadContracts();
  const operations = services.flatMap(({ name, operations: all }) =>
    Object.entries(all).map(([operation, { subject, kind, errors }]) => [
      `\`${subject}\``,
      kind,
      `${name}.${operation}`,
      errors.map((code) => `\`${code}\``).join(', '),
    ]),
  );
  const events = Object.entries(allEvents).map(([name, { subject, stream }]) => [
    `\`${subject}\``,
    stream === undefined ? 'event' : `event, stored in ${stream}`,
    name,
    '',
  ]);
  return ['# Subjects', GENERATED_NOTE, table(['Subject', 'Kind', 'Contract', 'Errors'], [...operations, ...events])]
    .join('\n\n')
    .concat('\n');
}
