/** Names in the Compose file: what one part calls is there in another, and everything that is there is called. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dockerfilePath } from './deployment.ts';
import type { Container, Deployment } from './deployment.ts';

export function checkReferences(deployment: Deployment): string[] {
  const { compose, containers } = deployment;
  const named = (of: (container: Container) => readonly string[]): Set<string> => new Set(containers.flatMap(of));
  const networks = named(({ service }) => service.networks);
  const volumes = named(({ service }) => service.mounts.filter(({ isBind }) => !isBind).map(({ source }) => source));
  const configs = named(({ service }) => service.configs);
  const secrets = named(({ service }) => service.secrets);
  return [
    ...containers.flatMap((container) => [
      ...checkBuild(deployment, container),
      ...checkDependencies(containers, container),
      ...checkHostPaths(deployment, container),
    ]),
    ...compare('network', networks, compose.networks),
    ...compare('volume', volumes, compose.volumes),
    ...compare('config', configs, Object.keys(compose.configs)),
    ...compare('secret', secrets, compose.secrets),
    ...Object.entries(compose.configs)
      .filter(([, file]) => file !== undefined && !existsSync(join(deployment.root, file)))
      .map(([name, file]) => `the config ${name} is the file ${file}, which does not exist`),
  ];
}

function compare(kind: string, named: ReadonlySet<string>, declared: readonly string[]): string[] {
  return [
    ...[...named]
      .filter((name) => !declared.includes(name))
      .map((name) => `the ${kind} ${name} is used, but not declared`),
    ...declared.filter((name) => !named.has(name)).map((name) => `the ${kind} ${name} is declared, but nobody uses it`),
  ];
}

function checkBuild({ root, dockerfile }: Deployment, { service: { name, build }, image }: Container): string[] {
  if (build === undefined || image !== undefined) {
    if (build === undefined || (build.context === '.' && build.dockerfile === dockerfilePath)) return [];
    return [
      existsSync(join(root, build.context, build.dockerfile))
        ? `service ${name} is built from ${join(build.context, build.dockerfile)}: there is one Dockerfile, ${dockerfilePath}, and its context is the project`
        : `service ${name} is built from ${join(build.context, build.dockerfile)}, which does not exist`,
    ];
  }
  const stages = dockerfile.stages.map((stage) => stage.name).join(', ');
  return [`service ${name} builds the target '${build.target ?? ''}', but ${dockerfilePath} has only: ${stages}`];
}

function checkDependencies(containers: readonly Container[], { service }: Container): string[] {
  return Object.entries(service.dependsOn).flatMap(([name, condition]) => {
    const other = containers.find((container) => container.service.name === name);
    const waits = `service ${service.name} waits for ${name}`;
    if (other === undefined) return [`${waits}, which does not exist`];
    const problems: string[] = [];
    if (condition === 'service_healthy' && other.healthcheck === undefined)
      problems.push(`${waits} to be healthy, but it has no health check`);
    if (condition === 'service_completed_successfully' && other.service.rest['restart'] !== 'no')
      problems.push(`${waits} to end, but it is started again when it does: give it restart: 'no'`);
    if (
      other.service.profiles.length > 0 &&
      !service.profiles.every((profile) => other.service.profiles.includes(profile))
    )
      problems.push(`${waits}, which only starts with the profile ${other.service.profiles.join(' or ')}`);
    if (other.service.profiles.length > 0 && service.profiles.length === 0)
      problems.push(`${waits}, which only starts with the profile ${other.service.profiles.join(' or ')}`);
    return [...new Set(problems)];
  });
}

function checkHostPaths({ root }: Deployment, { service: { name, mounts, envFiles } }: Container): string[] {
  const paths = [...mounts.filter(({ isBind }) => isBind).map(({ source }) => source), ...envFiles];
  return paths
    .filter((path) => !existsSync(join(root, path)))
    .map((path) => `service ${name} uses ${path} of this machine, which does not exist`);
}
