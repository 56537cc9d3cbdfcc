/** docs/generated/subjects.md: everything that is said over NATS. */
import {
  accessChanged,
  authContract,
  heartbeat,
  leasesReleased,
  modelContract,
  responsesContract,
  routerContract,
  usageRecorded,
  workerContract,
  workerLeft,
} from '@xerotier/contracts';
import type { RequestContract, ServiceContract, StreamContract } from '@xerotier/contracts';
import { GENERATED_NOTE, table } from './markdown.ts';

export function subjectsPage(): string {
  const services: readonly ServiceContract<Record<string, RequestContract | StreamContract>>[] = [
    authContract,
    routerContract,
    responsesContract,
    workerContract,
    modelContract,
  ];
  const operations = services.flatMap(({ name, operations: all }) =>
    Object.entries(all).map(([operation, { subject, kind, errors }]) => [
      `\`${subject}\``,
      kind,
      `${name}.${operation}`,
      errors.map((code) => `\`${code}\``).join(', '),
    ]),
  );
  const events = Object.entries({ accessChanged, heartbeat, workerLeft, leasesReleased, usageRecorded }).map(
    ([name, { subject, stream }]) => [
      `\`${subject}\``,
      stream === undefined ? 'event' : `event, kept in ${stream}`,
      name,
      '',
    ],
  );
  return ['# Subjects', GENERATED_NOTE, table(['Subject', 'Kind', 'Contract', 'Refusals'], [...operations, ...events])]
    .join('\n\n')
    .concat('\n');
}
