/** Adds a service to the deployment files. */
import { isMap, parseDocument } from 'yaml';
import type { Node } from 'yaml';
import { insertAfterLast, insertBefore } from './edit-text.ts';

export interface NewService {
  readonly name: string;
  readonly description: string;
  readonly secret: string | undefined;
}

const COMPOSE = 'docker-compose.yml';
const DOCKERFILE = 'deploy/Dockerfile';
const EXAMPLE = 'deploy/compose.env.example';

/** @param others existing services; the new one is added after the last of them. */
export function withComposeService(compose: string, others: readonly string[], service: NewService): string {
  const { name, secret } = service;
  const variable =
    secret === undefined
      ? ''
      : `\n      ${secret}: \${${secret}:?it is a secret of the service ${name}. Run sh deploy/make-env.sh, or put the output of openssl rand -hex 32 into .env and keep a copy elsewhere}`;
  const block = `

  ${name}:
    <<: *service
    image: xerotier/${name}:\${XEROTIER_VERSION:-local}
    build:
      context: .
      dockerfile: deploy/Dockerfile
      target: ${name}
    environment:
      <<: *service-environment
      DATABASE_URL: *database-url${variable}
    networks:
      - bus
      - data
    depends_on: *needs-stores
    deploy: *small`;
  const added = afterEntry(compose, ['services'], others, block);
  return afterEntry(
    added,
    ['services', 'gateway', 'depends_on'],
    others,
    `\n      ${name}:\n        condition: service_healthy`,
  );
}

/** Inserts text after the last of the named entries of a map. */
function afterEntry(yaml: string, path: readonly string[], names: readonly string[], insertion: string): string {
  const map = parseDocument(yaml, { merge: true }).getIn(path);
  const ends = isMap<{ value: string }, Node>(map)
    ? map.items.flatMap(({ key, value }) => (names.includes(key.value) ? (value?.range?.[1] ?? []) : []))
    : [];
  const end = ends.at(-1);
  if (end === undefined)
    throw new Error(`${COMPOSE} has no services below ${path.join('.')}: the service was not added there`);
  const at = yaml.slice(0, end).trimEnd().length;
  return yaml.slice(0, at) + insertion + yaml.slice(at);
}

/** Adds dependencies, code and a target. */
export function withDockerfileTarget(dockerfile: string, name: string): string {
  const installed = insertAfterLast(
    DOCKERFILE,
    dockerfile,
    /(?<=FROM base AS platform-modules\n[\s\S]*?) --workspace=apps\/[\w-]+(?=\n|$)(?=[\s\S]*FROM base AS worker-modules)/g,
    ` --workspace=apps/${name}`,
  );
  const copied = insertAfterLast(
    DOCKERFILE,
    installed,
    /(?<=FROM runtime AS platform\n(?:COPY .*\n)*)COPY --from=build \/out\/apps\/[\w-]+ apps\/[\w-]+\n/g,
    `COPY --from=build /out/apps/${name} apps/${name}\n`,
  );
  const command = /^CMD (.*)"apps\/[\w-]+\/dist\/main\.js"\]$/m.exec(copied)?.[1] ?? '["node", ';
  return insertBefore(
    DOCKERFILE,
    copied,
    /^FROM runtime AS xim$/m,
    `FROM platform AS ${name}\nCMD ${command}"apps/${name}/dist/main.js"]\n\n`,
  );
}

/** Adds a variable to the section `Secrets`, for which deploy/make-env.sh generates a value. */
export function withExampleSecret(example: string, { name, secret }: NewService): string {
  if (secret === undefined) return example;
  return insertBefore(
    EXAMPLE,
    example,
    /^# --- (?!Secrets)/m,
    `# Secret of the service ${name}. Keep a copy outside of this machine. Generate one with: openssl rand -hex 32\n${secret}=\n\n`,
  );
}
