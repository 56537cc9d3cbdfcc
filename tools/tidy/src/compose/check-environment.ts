/** Settings: each container gets what its program reads, everything that it requires, and nothing that it does not know. */
import { ConfigError, listSettings, loadConfig } from '@xerotier/config';
import { posix } from 'node:path';
import type { Container, Deployment } from './deployment.ts';

/** Read by Node itself. */
const NODE_VARIABLES = ['NODE_ENV', 'NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS', 'TZ'];
/** What runService keeps after the grace time to close what is left. */
const CLOSING_MS = 2_000;

export function checkEnvironment({ containers }: Deployment): string[] {
  return containers.flatMap((container) => {
    const { service, program } = container;
    if (program === undefined) return [];
    return [
      ...unknownVariables(container),
      ...Object.entries(program.settings).flatMap(([reader, tree]) => {
        try {
          loadConfig(tree, { ...container.environment });
          return [];
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error;
          return reasons(error).map((reason) => `service ${service.name}: ${reader} will not start. ${reason}`);
        }
      }),
      ...missingFiles(container),
      ...checkGrace(container),
    ];
  });
}

function unknownVariables({ service, program, environment }: Container): string[] {
  const trees = Object.values(program?.settings ?? {});
  const known = new Set([...trees.flatMap(listSettings).map(({ variable }) => variable), ...NODE_VARIABLES]);
  return Object.keys(environment)
    .filter((variable) => !known.has(variable))
    .map(
      (variable) =>
        `service ${service.name} is given ${variable}, which ${program?.path} does not read: it reads ${[...known].join(', ')}`,
    );
}

/** A setting that names a file or a folder of the container. */
function missingFiles({ service, image, environment }: Container): string[] {
  if (image === undefined) return [];
  const copied = image.copies.map(({ target }) => target).filter((path) => path !== image.workdir);
  const provided = [...copied, ...service.mounts.map(({ target }) => target)];
  return Object.entries(environment)
    .filter(([, value]) => posix.isAbsolute(value))
    .filter(([, value]) => !provided.some((path) => value === path || value.startsWith(`${path}/`)))
    .map(
      ([variable, value]) =>
        `service ${service.name} has ${variable}=${value}, but nothing in its image or volumes is there`,
    );
}

function checkGrace({ service, program, environment }: Container): string[] {
  const graceMs = Number(environment['SHUTDOWN_GRACE_MS'] ?? NaN);
  const stopMs = durationMs(service.rest['stop_grace_period'] as string | undefined);
  // What runs to its end by itself has nothing to drain.
  if (program === undefined || service.rest['restart'] === 'no') return [];
  if (Number.isNaN(graceMs))
    return [`service ${service.name} needs SHUTDOWN_GRACE_MS, so that stop_grace_period can be compared with it`];
  return stopMs >= graceMs + CLOSING_MS
    ? []
    : [
        `service ${service.name} is killed after ${stopMs} ms, but drains for ${graceMs} ms and closes for ${CLOSING_MS}: raise stop_grace_period`,
      ];
}

/** `1m30s` in milliseconds; Docker waits ten seconds when nothing is said. */
function durationMs(text = '10s'): number {
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
  return [...text.matchAll(/(\d+)(ms|s|m|h)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (units[unit ?? ''] ?? NaN),
    0,
  );
}

function reasons(error: ConfigError): string[] {
  return error.message
    .split('\n')
    .filter((line) => line.startsWith('  - '))
    .map((line) => line.slice(4));
}
