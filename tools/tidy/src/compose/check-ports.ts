/** Ports and addresses: who listens where, and whether those who call know it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Container, Deployment } from './deployment.ts';

/** Where the servers of others listen, by the name of their image. */
const KNOWN_PORTS: Readonly<Record<string, number>> = { nats: 4222, postgres: 5432, redis: 6379 };
const LOOPBACK = /^(?:127\.|localhost$|::1$|\[::1\]$)/;

export function checkPorts(deployment: Deployment): string[] {
  return deployment.containers.flatMap((container) => [
    ...checkPublished(container),
    ...checkHealth(deployment, container),
    ...checkAddresses(deployment, container),
  ]);
}

function checkPublished(container: Container): string[] {
  const { service, image, environment } = container;
  const listens = portOf(container);
  return service.ports.flatMap(({ target }) => {
    const published = `service ${service.name} publishes the port ${target}`;
    return [
      ...(target === listens ? [] : [`${published}, but listens on ${listens ?? 'none that is known here'}`]),
      ...(image === undefined || image.ports.includes(target) ? [] : [`${published}, which its image does not EXPOSE`]),
      ...(image === undefined || !LOOPBACK.test(environment['HTTP_HOST'] ?? '127.0.0.1')
        ? []
        : [
            `${published}, but listens on HTTP_HOST=${environment['HTTP_HOST'] ?? '127.0.0.1'}, which is inside the container only: set 0.0.0.0`,
          ]),
    ];
  });
}

/** A health check asks the port that the service was told to answer on. */
function checkHealth({ root }: Deployment, { service, image, program, healthcheck, environment }: Container): string[] {
  if (service.rest['restart'] === 'no') return [];
  if (healthcheck === undefined) return [`service ${service.name} has no health check: nobody can wait for it`];
  if (image === undefined || program === undefined) return [];
  const port = environment['HEALTH_PORT'];
  const host = environment['HEALTH_HOST'] ?? '127.0.0.1';
  const script = healthcheck.find((word) => /^deploy\/[\w.-]+\.mjs$/.test(word));
  const asked = script === undefined ? /127\.0\.0\.1:(\d+)/.exec(healthcheck.join(' '))?.[1] : undefined;
  const asksSetting = script !== undefined && readIfThere(join(root, script)).includes('process.env.HEALTH_PORT');
  return [
    ...(port !== undefined && port !== '0'
      ? []
      : [`service ${service.name} needs a HEALTH_PORT that is always the same`]),
    ...(asksSetting || asked === port
      ? []
      : [
          `service ${service.name} is asked for its health on ${asked ?? 'no known port'}, but HEALTH_PORT is ${port ?? 'not set'}`,
        ]),
    ...(port === undefined || image.ports.includes(Number(port))
      ? []
      : [`service ${service.name} answers for its health on ${port}, which its image does not EXPOSE`]),
    ...(LOOPBACK.test(host)
      ? [`service ${service.name} has HEALTH_HOST=${host}: orchestrators ask from outside, set 0.0.0.0`]
      : []),
  ];
}

/** A URL among the settings leads to a container that listens there and shares a network. */
function checkAddresses({ containers }: Deployment, { service, program }: Container): string[] {
  if (program === undefined) return [];
  const publishedPorts = containers.flatMap((other) => other.service.ports.map(({ published }) => published));
  return Object.entries(service.environment).flatMap(([variable, value]) => {
    if (!/^[a-z]+:\/\//.test(value) || !URL.canParse(value)) return [];
    const { hostname, port } = new URL(value);
    const where = `service ${service.name}: ${variable} leads to ${hostname}:${port}`;
    if (LOOPBACK.test(hostname)) {
      return publishedPorts.includes(Number(port)) ? [] : [`${where}, and nothing is published there`];
    }
    const other = containers.find((candidate) => candidate.service.name === hostname);
    if (other === undefined) return [`${where}, and no service is called ${hostname}`];
    const listens = portOf(other);
    return [
      ...(listens === Number(port)
        ? []
        : [`${where}, but ${hostname} listens on ${listens ?? 'no port that is known here'}`]),
      ...(service.networks.some((network) => other.service.networks.includes(network))
        ? []
        : [`${where}, but they share no network`]),
    ];
  });
}

function portOf({ service, image, command, environment }: Container): number | undefined {
  if (image !== undefined) return environment['HTTP_PORT'] === undefined ? undefined : Number(environment['HTTP_PORT']);
  const given = command.map((word) => /^--port=(\d+)$/.exec(word)?.[1]).find((port) => port !== undefined);
  const known = KNOWN_PORTS[(service.image ?? '').split(':')[0] ?? ''];
  return given === undefined ? known : Number(given);
}

/** Nothing for a file that is not there: that is another check's finding. */
function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
