/** The services of the registry: each has an image that runs it, and a container with everything it needs. */
import type { ServiceEntry } from '@xerotier/registry';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dockerfilePath, exampleEnvPath } from './deployment.ts';
import type { Deployment } from './deployment.ts';
import type { Image } from './dockerfile.ts';

const SECRET_NAME = /(?:PASSWORD|SECRET|TOKEN|PEPPER|API_KEY|MASTER_KEY)$/;

export function checkServices(deployment: Deployment): string[] {
  const { registry, containers, exampleEnv } = deployment;
  return registry.flatMap((entry) => {
    const { name, kind, needs, secrets } = entry;
    const own = containers.filter(({ program }) => program === `apps/${name}/dist/main.js`);
    const gateway = containers.find((container) => container.name === 'gateway');
    return [
      ...(own.length > 0 ? [] : [`no container runs apps/${name}`]),
      ...own.flatMap((container) =>
        needs
          .filter((server) => container.depends_on[server]?.condition !== 'service_healthy')
          .map((server) => `service ${container.name} needs ${server}, but does not wait until it is healthy`),
      ),
      // `up --wait` must return when the whole platform is up.
      ...(kind === 'service' && name !== 'gateway' && gateway?.depends_on[name]?.condition !== 'service_healthy'
        ? [`service gateway does not wait until ${name} is healthy`]
        : []),
      ...secrets
        .filter((variable) => !Object.hasOwn(exampleEnv, variable))
        .map((variable) => `${exampleEnvPath} lacks ${variable}, a secret of apps/${name}`),
      ...checkImage(deployment, entry),
    ];
  });
}

function checkImage({ images }: Deployment, { name, image: target, ports }: ServiceEntry): string[] {
  const image = images.get(target);
  if (image === undefined) return [`${dockerfilePath} has no target ${target}, which apps/${name} needs`];
  const problem = (text: string): string => `${dockerfilePath}: the target ${target} ${text}`;
  const copies = (source: string): boolean => image.copies.some((copy) => copy.source === `/out/${source}`);
  const install = image.copies
    .filter(({ source, from }) => source === '/app' && from !== undefined)
    .flatMap(({ from }) => images.get(from as string)?.runs ?? [])
    .join(' ');
  const required: readonly (readonly [boolean, string])[] = [
    [image.cmd.at(-1) === `apps/${name}/dist/main.js`, `does not run apps/${name}/dist/main.js`],
    [copies(`apps/${name}`), `does not copy /out/apps/${name}`],
    [install.includes(`--workspace=apps/${name}`), `lacks the dependencies of apps/${name}: install its workspace`],
    [install.includes('npm ci --omit=dev'), 'contains development dependencies: install with npm ci --omit=dev'],
    [
      image.env['HEALTH_PORT'] === String(ports.health) && image.ports.includes(ports.health),
      `has another HEALTH_PORT than ${ports.health}, or does not EXPOSE it`,
    ],
    [
      ports.http === undefined || (image.env['HTTP_PORT'] === String(ports.http) && image.ports.includes(ports.http)),
      `has another HTTP_PORT than ${ports.http}, or does not EXPOSE it`,
    ],
  ];
  return required.filter(([holds]) => !holds).map(([, text]) => problem(text));
}

/** Checks all images that are built here. */
export function checkImages({ root, images, containers }: Deployment): string[] {
  const targets = new Set(containers.flatMap(({ build }) => (build === undefined ? [] : [build.target])));
  const inStage = (stage: string, problem: string): string => `${dockerfilePath}: the stage ${stage} ${problem}`;
  return [
    ...[...images].flatMap(([stage, { base, env, args, copies, healthcheck = [] }]) => [
      ...(/^[^:]+:(?!latest$).+$/.test(base) ? [] : [inStage(stage, `starts from '${base}': name a version`)]),
      ...[...Object.keys(env), ...args]
        .filter((variable) => SECRET_NAME.test(variable))
        .map((variable) => inStage(stage, `puts ${variable} into a layer: pass it when the container starts`)),
      ...[...copies.filter(({ from }) => from === undefined).map(({ source }) => source), ...healthcheck]
        .filter((path) => path.includes('/') && !existsSync(join(root, path)))
        .map((path) => inStage(stage, `names ${path}, which does not exist`)),
    ]),
    ...[...targets].flatMap((target) => checkTarget(target, images.get(target))),
  ];
}

function checkTarget(target: string, image: Image | undefined): string[] {
  if (image === undefined) return [];
  const required: readonly (readonly [boolean, string])[] = [
    [image.entrypoint[0] === '/usr/bin/tini', 'does not start with tini, which handles signals and orphans'],
    [/^[1-9]\d*:[1-9]\d*$/.test(image.user), `runs as '${image.user}': give a user and a group above 0, as numbers`],
    [image.stopSignal === 'SIGTERM', 'is not stopped by SIGTERM, which services drain on'],
  ];
  return required
    .filter(([holds]) => !holds)
    .map(([, problem]) => `${dockerfilePath}: the target ${target} ${problem}`);
}
