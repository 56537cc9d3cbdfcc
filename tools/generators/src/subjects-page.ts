/** docs/generated/subjects.md: everything that is said over NATS. */
import { accessChanged, authContract } from '@xerotier/contracts/auth';
import { usageRecorded } from '@xerotier/contracts/inference';
import { responsesContract } from '@xerotier/contracts/responses';
import { leasesReleased, routerContract } from '@xerotier/contracts/router';
import { heartbeat, modelContract, workerContract, workerLeft } from '@xerotier/contracts/xim';
import type { RequestContract, ServiceContract, StreamContract } from '@xerotier/contracts/define';
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
