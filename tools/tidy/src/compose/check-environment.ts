/** Settings: each container has the required settings of its program, and no unknown ones. */
import { ConfigError, listSettings, loadConfig } from '@xerotier/config';
import { posix } from 'node:path';
import type { Container, Deployment } from './deployment.ts';

/** Read by Node itself. */
const NODE_VARIABLES = ['NODE_ENV', 'NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS', 'TZ'];
/** Reserved by a service after the grace period for closing. */
const CLOSING_MS = 2_000;

export function checkEnvironment({ containers }: Deployment): string[] {
  return containers
    .filter(({ program }) => program !== undefined)
    .flatMap((container) =>
      [
        ...unknownVariables(container),
        ...rejectedValues(container),
        ...missingFiles(container),
        ...checkGrace(container),
      ].map((problem) => `service ${container.name} ${problem}`),
    );
}

function unknownVariables({ readers, program, settings }: Container): string[] {
  const read = Object.values(readers).flatMap(listSettings);
  const known = new Set([...read.map(({ variable }) => variable), ...NODE_VARIABLES]);
  return Object.keys(settings)
    .filter((variable) => !known.has(variable))
    .map((variable) => `is given ${variable}, which ${program} does not read`);
}

function rejectedValues({ readers, settings }: Container): string[] {
  return Object.entries(readers).flatMap(([reader, tree]) => {
    try {
      loadConfig(tree, { ...settings });
      return [];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const reasons = error.message.split('\n').filter((line) => line.startsWith('  - '));
      return reasons.map((reason) => `will not start: ${reader}: ${reason.slice(4)}`);
    }
  });
}

/** A setting with the path of a file or folder in the container. */
function missingFiles({ built, settings, volumes }: Container): string[] {
  const provided = [
    ...(built?.copies ?? []).map(({ target }) => posix.resolve('/app', target)).filter((path) => path !== '/app'),
    ...volumes.map((mount) => mount.split(':')[1] ?? ''),
  ];
  return Object.entries(settings)
    .filter(([, value]) => posix.isAbsolute(value))
    .filter(([, value]) => !provided.some((path) => value === path || value.startsWith(`${path}/`)))
    .map(([variable, value]) => `has ${variable}=${value}, but its image and volumes do not contain that path`);
}

function checkGrace({ settings, stop_grace_period, restart }: Container): string[] {
  // A container that runs to completion has nothing to drain.
  if (restart === 'no') return [];
  const graceMs = Number(settings['SHUTDOWN_GRACE_MS'] ?? NaN);
  if (Number.isNaN(graceMs)) return ['needs SHUTDOWN_GRACE_MS, so that stop_grace_period can be compared with it'];
  const stopMs = Number(/^(\d+)s$/.exec(stop_grace_period)?.[1] ?? NaN) * 1_000;
  return stopMs >= graceMs + CLOSING_MS
    ? []
    : [
        `is killed after ${stop_grace_period}, but drains for ${graceMs} ms and closes for ${CLOSING_MS}: raise stop_grace_period`,
      ];
}
