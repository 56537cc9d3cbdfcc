/** Ports and addresses: which container listens where, and whether its clients use the right address. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Container, Deployment } from './deployment.ts';

/** The default ports of third-party servers, by the name of their image. */
const KNOWN_PORTS: Readonly<Record<string, number>> = { nats: 4222, postgres: 5432, redis: 6379 };
const LOOPBACK = /^(?:127\.|localhost$|::1$|\[::1\]$)/;

export function checkPorts(deployment: Deployment): string[] {
  return deployment.containers.flatMap((container) =>
    [...checkPublished(container), ...checkHealth(deployment, container), ...checkAddresses(deployment, container)].map(
      (problem) => `service ${container.name} ${problem}`,
    ),
  );
}

function checkPublished(container: Container): string[] {
  const { ports, built, settings } = container;
  const listens = portOf(container);
  const host = settings['HTTP_HOST'] ?? '127.0.0.1';
  return ports.flatMap((published) => {
    const port = Number(published.split(':').at(-1));
    return [
      ...(port === listens ? [] : [`publishes the port ${port}, but listens on ${listens ?? 'no known port'}`]),
      ...(built !== undefined && LOOPBACK.test(host)
        ? [`publishes the port ${port}, but listens on HTTP_HOST=${host}, inside the container only: set 0.0.0.0`]
        : []),
    ];
  });
}

/** The health check must use the health port of the service. */
function checkHealth({ root }: Deployment, { restart, built, probe, settings }: Container): string[] {
  if (restart === 'no') return [];
  if (probe === undefined) return ['has no health check, so other services cannot wait for it'];
  if (built === undefined) return [];
  const port = settings['HEALTH_PORT'];
  const script = probe.find((word) => /^deploy\/[\w.-]+\.mjs$/.test(word));
  const published =
    script === undefined
      ? /127\.0\.0\.1:(\d+)/.exec(probe.join(' '))?.[1]
      : existsSync(join(root, script)) && readFileSync(join(root, script), 'utf8').includes('process.env.HEALTH_PORT')
        ? port
        : undefined;
  return [
    ...(built.ports.includes(Number(port)) ? [] : [`has HEALTH_PORT=${port}, which its image does not EXPOSE`]),
    ...(published === port
      ? []
      : [`is checked for health on ${published ?? 'no known port'}, but HEALTH_PORT is ${port}`]),
    ...(LOOPBACK.test(settings['HEALTH_HOST'] ?? '127.0.0.1')
      ? ['needs HEALTH_HOST=0.0.0.0: orchestrators connect from outside']
      : []),
  ];
}

/** A URL among the settings must lead to a container that listens there and shares a network. */
function checkAddresses({ containers }: Deployment, { program, environment, networks }: Container): string[] {
  if (program === undefined) return [];
  const publishedPorts = containers.flatMap(({ ports }) => ports.map((published) => published.split(':')[1]));
  return Object.entries(environment).flatMap(([variable, value]) => {
    if (!/^[a-z]+:\/\//.test(value) || !URL.canParse(value)) return [];
    const { hostname, port } = new URL(value);
    const where = `has a ${variable} that leads to ${hostname}:${port}`;
    if (LOOPBACK.test(hostname))
      return publishedPorts.includes(port) ? [] : [`${where}, but nothing is published there`];
    const other = containers.find(({ name }) => name === hostname);
    if (other === undefined) return [`${where}, but no service is called ${hostname}`];
    const listens = portOf(other);
    return [
      ...(listens === Number(port) ? [] : [`${where}, but ${hostname} listens on ${listens ?? 'no known port'}`]),
      ...(networks.some((network) => other.networks.includes(network)) ? [] : [`${where}, but they share no network`]),
    ];
  });
}

function portOf({ built, settings, command = [], image }: Container): number | undefined {
  if (built !== undefined) return settings['HTTP_PORT'] === undefined ? undefined : Number(settings['HTTP_PORT']);
  const given = command.map((word) => /^--port=(\d+)$/.exec(word)?.[1]).find((port) => port !== undefined);
  return given === undefined ? KNOWN_PORTS[image.split(':')[0] ?? ''] : Number(given);
}
