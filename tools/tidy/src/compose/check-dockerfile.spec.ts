import { problemsWith } from './testing.ts';

const inDockerfile = (text: string, replacement: string): Promise<string[]> =>
  problemsWith('dockerfile', text, replacement);

describe('the Dockerfile of the project', () => {
  it.each([
    [
      'a file that is not there',
      'COPY deploy/healthcheck.mjs',
      'COPY deploy/helthcheck.mjs',
      /copies deploy\/helthcheck\.mjs, which does not exist/,
    ],
    [
      'a stage that is not there',
      'COPY --from=worker-modules',
      'COPY --from=worker-modlues',
      /copies from 'worker-modlues', which is no earlier stage/,
    ],
    [
      'a path that no stage makes',
      '--from=worker-modules /app',
      '--from=worker-modules /apps',
      /copies \/apps from worker-modules, where nothing makes it/,
    ],
    [
      'a service that is not there',
      '/out/apps/auth apps/auth',
      '/out/apps/atuh apps/auth',
      /copies \/out\/apps\/atuh from build, where nothing makes it/,
    ],
    [
      'a tool that is not there',
      '"deploy/healthcheck.mjs"',
      '"deploy/helthcheck.mjs"',
      /names deploy\/helthcheck\.mjs, but there is no/,
    ],
    [
      'a command that is not there',
      '"apps/auth/dist/main.js"',
      '"apps/atuh/dist/main.js"',
      /names apps\/atuh\/dist\/main\.js, but there is no apps\/atuh\/src\/main\.ts/,
    ],
    [
      'a command that is not in the image',
      'COPY --from=build /out/apps/auth apps/auth\n',
      '',
      /target auth runs apps\/auth\/dist\/main\.js, but copies nothing to/,
    ],
    [
      'a health check that is not in the image',
      'COPY deploy/healthcheck.mjs deploy/\n',
      '',
      /runs deploy\/healthcheck\.mjs, but copies nothing to \/app\/deploy\/healthcheck\.mjs/,
    ],
    ['libraries that are not in the image', 'COPY --from=build /out/libs libs\n', '', /target auth has no libs/],
    [
      'dependencies that are not in the image',
      ' --workspace=apps/auth',
      '',
      /target auth lacks the dependencies of apps\/auth/,
    ],
    ['development dependencies', 'npm ci --omit=dev', 'npm ci', /holds development dependencies/],
    ['root', 'USER 1000:1000', 'USER root', /runs as 'root'/],
    ['a user that Kubernetes cannot check', 'USER 1000:1000', 'USER node', /runs as 'node'/],
    ['no init', '"/usr/bin/tini", "--"', '"/usr/bin/env"', /does not start with tini/],
    ['another signal', 'STOPSIGNAL SIGTERM', 'STOPSIGNAL SIGQUIT', /is not stopped by SIGTERM/],
    [
      'a base image without a version',
      'NODE_IMAGE=node:24-bookworm-slim',
      'NODE_IMAGE=node:latest',
      /starts from 'node:latest'/,
    ],
    [
      'a secret in a layer',
      'ENV NODE_ENV=production',
      'ENV NODE_ENV=production NPM_TOKEN=abc',
      /puts NPM_TOKEN into a layer/,
    ],
    [
      'a secret in a build argument',
      'FROM ${NODE_IMAGE} AS base',
      'FROM ${NODE_IMAGE} AS base\nARG NPM_TOKEN',
      /puts NPM_TOKEN into a layer/,
    ],
    [
      'a health port that is not exposed',
      'EXPOSE 8081',
      'EXPOSE 8082',
      /answers for its health on 8081, which its image does not EXPOSE/,
    ],
    ['a variable that no service reads', 'HEALTH_HOST=0.0.0.0', 'HEALTH_HOTS=0.0.0.0', /is given HEALTH_HOTS, which/],
  ])('may not have %s', async (_, text, replacement, found) => {
    const problems = await inDockerfile(text, replacement);
    expect(problems.filter((problem) => found.test(problem))).not.toEqual([]);
  });

  it('may not copy what .dockerignore keeps out', async () => {
    expect(await problemsWith('dockerignore', 'docs\n', 'docs\ndeploy/*.mjs\n')).toContainEqual(
      expect.stringMatching('copies deploy/healthcheck.mjs, which .dockerignore keeps out'),
    );
  });
});
