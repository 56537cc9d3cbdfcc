/** Variables of the Compose file match its example, and images have versions, the same for all of ours. */
import { exampleEnvPath } from './deployment.ts';
import type { Deployment } from './deployment.ts';

export function checkVersions({ containers }: Deployment): string[] {
  const ours = containers.filter(({ build }) => build !== undefined);
  const tags = new Set(ours.map(({ image }) => image.replace(/^.*:/, '')));
  return [
    ...(tags.size > 1 ? [`our images have several tags: ${[...tags].join(', ')}`] : []),
    ...ours
      .filter(({ image, build }) => !image.startsWith(`xerotier/${build?.target}:`))
      .map(({ name, image, build }) => `service ${name} is the image ${image}: call it xerotier/${build?.target}`),
    ...containers
      .filter(({ build, image }) => build === undefined && !/:.*\d/.test(image))
      .map(({ name, image }) => `service ${name} runs '${image}': specify a version, or it changes unexpectedly`),
  ];
}

export function checkVariables({ compose: { references }, exampleEnv }: Deployment): string[] {
  const used = [...new Set(references.map(({ variable }) => variable))];
  return [
    ...used
      .filter((name) => !Object.hasOwn(exampleEnv, name))
      .map((name) => `the variable ${name} is not in ${exampleEnvPath}: document it there`),
    ...Object.keys(exampleEnv)
      .filter((name) => !used.includes(name))
      .map((name) => `${exampleEnvPath} has ${name}, which docker-compose.yml does not use`),
    ...used.flatMap((name) => {
      const uses = references.filter(({ variable }) => variable === name);
      const defaults = new Set(uses.flatMap(({ operator, operand = '' }) => (operator === ':-' ? [operand] : [])));
      const [fallback] = defaults;
      const example = exampleEnv[name] ?? '';
      if (example !== '' && uses.some(({ operator }) => operator === ':?'))
        return [`${exampleEnvPath} contains a value for ${name}, which all installations would share`];
      if (defaults.size > 1) return [`the variable ${name} has several defaults: ${[...defaults].join(', ')}`];
      return fallback === undefined || example === '' || example === fallback
        ? []
        : [`the variable ${name} is ${example} in ${exampleEnvPath}, but '${fallback}' when it is not set`];
    }),
  ];
}
