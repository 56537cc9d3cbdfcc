/** Images have versions, ours one for all, and variables of the Compose file are those of its example. */
import { exampleEnvPath } from './deployment.ts';
import type { Deployment } from './deployment.ts';

/** Below, several ways around its access rules are known. */
const NATS_VERSION_MIN = [2, 12, 7];

export function checkImages({ containers }: Deployment): string[] {
  const tags = new Set(containers.flatMap(({ service, image }) => (image === undefined ? [] : [tagOf(service.image)])));
  return [
    ...(tags.size > 1 ? [`our images have several tags: ${[...tags].join(', ')}`] : []),
    ...containers.flatMap(({ service, image }) => {
      const name = (service.image ?? '').replace(/:[^:/]*$/, '');
      const tag = tagOf(service.image);
      if (image !== undefined) {
        return name === `xerotier/${image.target}`
          ? []
          : [
              `service ${service.name} is the image '${name}', but the target ${image.target}: call it xerotier/${image.target}`,
            ];
      }
      if (!/\d/.test(tag))
        return [`service ${service.name} runs '${service.image ?? ''}': name a version, or it changes by itself`];
      return name === 'nats' && isOlder(tag, NATS_VERSION_MIN)
        ? [`service ${service.name} runs NATS ${tag}: take ${NATS_VERSION_MIN.join('.')} or newer`]
        : [];
    }),
  ];
}

export function checkVariables({ compose, exampleEnv }: Deployment): string[] {
  const used = [...new Set(compose.references.map(({ variable }) => variable))];
  return [
    ...used
      .filter((name) => !Object.hasOwn(exampleEnv, name))
      .map((name) => `the variable ${name} is not in ${exampleEnvPath}: say there what it is`),
    ...Object.keys(exampleEnv)
      .filter((name) => !used.includes(name))
      .map((name) => `${exampleEnvPath} has ${name}, which docker-compose.yml does not use`),
    ...used.flatMap((name) => {
      const defaults = new Set(
        compose.references
          .filter(({ variable, operator }) => variable === name && operator === ':-')
          .map(({ operand = '' }) => operand),
      );
      const [fallback] = defaults;
      const example = exampleEnv[name] ?? '';
      if (defaults.size > 1) return [`the variable ${name} has several defaults: ${[...defaults].join(', ')}`];
      return fallback === undefined || example === '' || example === fallback
        ? []
        : [`the variable ${name} is ${example} in ${exampleEnvPath}, but '${fallback}' when it is not set`];
    }),
    ...compose.references
      .filter(({ operator, variable }) => operator === ':?' && (exampleEnv[variable] ?? '') !== '')
      .map(({ variable }) => `${exampleEnvPath} gives away a value for ${variable}, which everybody has to make`),
  ];
}

function tagOf(image = ''): string {
  return /:([^:/]*)$/.exec(image)?.[1] ?? '';
}

function isOlder(tag: string, minimum: readonly number[]): boolean {
  const version = (/^\d+(?:\.\d+)*/.exec(tag)?.[0] ?? '0').split('.').map(Number);
  for (const [index, least] of minimum.entries()) {
    // A floating tag such as `2.12` may be any of its releases.
    const part = version[index] ?? 0;
    if (part !== least) return part < least;
  }
  return false;
}
