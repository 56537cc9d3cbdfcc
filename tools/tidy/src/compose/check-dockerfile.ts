/** The Dockerfile: everything that it names is there, and what it makes is fit to run. */
import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { sourceOf } from './deployment.ts';
import type { Deployment } from './deployment.ts';
import { assignments } from './dockerfile.ts';
import { imageOf } from './image.ts';
import type { Copy, Image } from './image.ts';
import { programPathOf } from './programs.ts';

const PROJECT_PATH = /(?:apps|libs|tools|deploy|e2e|docs)\/[\w./-]+/g;
const SECRET_NAME = /(?:PASSWORD|SECRET|TOKEN|PEPPER|API_KEY|MASTER_KEY)$/;

export function checkDockerfile(deployment: Deployment): string[] {
  const { dockerfile } = deployment;
  const bases = dockerfile.stages.map(({ base }) => base);
  // Targets are the stages that nobody builds on.
  const targets = dockerfile.stages
    .map(({ name }) => name)
    .filter((name) => !bases.includes(name) && !isCopied(deployment, name));
  return [
    ...dockerfile.stages.flatMap(({ name }) => {
      const image = imageOf(dockerfile, name);
      return image === undefined
        ? []
        : [...checkBase(image), ...image.copies.flatMap((copy) => checkCopy(deployment, copy))];
    }),
    ...dockerfile.stages.flatMap(({ instructions, name }) =>
      instructions.flatMap((instruction) => {
        const { keyword, line } = instruction;
        if (keyword === 'RUN' || keyword === 'CMD' || keyword === 'ENTRYPOINT' || keyword === 'HEALTHCHECK') {
          return namedPaths(instruction.words)
            .filter((path) => !existsSync(join(deployment.root, sourceOf(path))))
            .map((path) => `line ${line} (${name}) names ${path}, but there is no ${sourceOf(path)}`);
        }
        if (keyword !== 'ENV' && keyword !== 'ARG') return [];
        return Object.keys(assignments(instruction))
          .filter((variable) => SECRET_NAME.test(variable))
          .map(
            (variable) =>
              `line ${line} (${name}) puts ${variable} into a layer for everybody to read: give it when the container starts`,
          );
      }),
    ),
    ...targets.flatMap((target) => checkTarget(deployment, imageOf(dockerfile, target) as Image)),
  ].map((problem) => `deploy/Dockerfile: ${problem}`);
}

function checkBase({ base, target }: Image): string[] {
  return /^[^:]+:(?!latest$).+$/.test(base) ? [] : [`the stage ${target} starts from '${base}': name a version`];
}

function checkCopy(deployment: Deployment, { from, source, line, stage }: Copy): string[] {
  if (from === undefined) {
    if (source === '.') return [];
    const path = posix.normalize(source);
    if (!existsSync(join(deployment.root, path)))
      return [`line ${line} (${stage}) copies ${source}, which does not exist`];
    return deployment.isIgnored(path)
      ? [`line ${line} (${stage}) copies ${source}, which .dockerignore keeps out`]
      : [];
  }
  const names = deployment.dockerfile.stages.map(({ name }) => name);
  const origin = imageOf(deployment.dockerfile, from);
  if (origin === undefined || names.indexOf(from) >= names.indexOf(stage))
    return [`line ${line} (${stage}) copies from '${from}', which is no earlier stage. There are: ${names.join(', ')}`];
  return hasPath(deployment, origin, source)
    ? []
    : [`line ${line} (${stage}) copies ${source} from ${from}, where nothing makes it`];
}

/** Whether a stage holds a path: it copies it, or one of its commands names it or a folder above that mirrors the project. */
function hasPath({ root }: Deployment, image: Image, path: string): boolean {
  if (path === image.workdir || image.copies.some(({ target }) => target === path)) return true;
  const words = image.runs.flatMap(({ words: all }) => all);
  for (let folder = path; folder !== '/'; folder = posix.dirname(folder)) {
    if (!words.includes(folder)) continue;
    return folder === path || existsSync(join(root, sourceOf(posix.relative(folder, path))));
  }
  return false;
}

function checkTarget(deployment: Deployment, image: Image): string[] {
  const { target, entrypoint, cmd, user, stopSignal, copies, workdir } = image;
  const problem = (text: string): string => `the target ${target} ${text}`;
  const program = programPathOf([...entrypoint, ...cmd]);
  const brought = [program, ...namedPaths(image.healthcheck ?? [])].filter((path) => path !== undefined);
  const app = /^apps\/([\w-]+)\//.exec(program ?? '')?.[1];
  return [
    ...(program === undefined ? [problem('runs no program of this project')] : []),
    ...(entrypoint[0]?.endsWith('/tini') === true
      ? []
      : [problem('does not start with tini: signals and orphans are lost on Node')]),
    ...(/^[1-9]\d*:[1-9]\d*$/.test(user)
      ? []
      : [problem(`runs as '${user}': give a user and a group above 0, as numbers`)]),
    ...(stopSignal === 'SIGTERM' ? [] : [problem('is not stopped by SIGTERM, which services drain on')]),
    ...brought
      .filter((path) => !bringsFile(copies, posix.resolve(workdir, path)))
      .map((path) => problem(`runs ${path}, but copies nothing to ${posix.resolve(workdir, path)}`)),
    ...(app === undefined || copies.some(({ target: at }) => at === posix.resolve(workdir, 'libs'))
      ? []
      : [problem('has no libs')]),
    ...(app === undefined || installs(deployment, image, `apps/${app}`)
      ? []
      : [problem(`lacks the dependencies of apps/${app}: its modules stage needs --workspace=apps/${app}`)]),
    ...(developmentModules(deployment, image)
      ? [problem('holds development dependencies: install with --omit=dev')]
      : []),
  ];
}

/** A file lies in an image when it was copied, or its folder was; the working folder itself holds only manifests and modules. */
function bringsFile(copies: readonly Copy[], path: string): boolean {
  return copies.some(
    ({ target }) => target === path || (path.startsWith(`${target}/`) && target.split('/').length > 2),
  );
}

function modulesOf({ dockerfile }: Deployment, { copies, workdir }: Image): Image[] {
  return copies
    .filter(({ from, target }) => from !== undefined && target === workdir)
    .map(({ from }) => imageOf(dockerfile, from as string))
    .filter((image) => image !== undefined);
}

function installs(deployment: Deployment, image: Image, workspace: string): boolean {
  return modulesOf(deployment, image).some(({ runs }) =>
    runs.some(({ words }) => words.includes(`--workspace=${workspace}`)),
  );
}

function developmentModules(deployment: Deployment, image: Image): boolean {
  return modulesOf(deployment, image).some(({ runs }) =>
    runs.some(({ words }) => words.includes('npm') && words.includes('ci') && !words.includes('--omit=dev')),
  );
}

function isCopied({ dockerfile }: Deployment, stage: string): boolean {
  return dockerfile.stages.some(({ instructions }) =>
    instructions.some(({ flags }) => flags.some(({ name, value }) => name === 'from' && value === stage)),
  );
}

/** Paths of the project in a command, without those with a wildcard. */
function namedPaths(words: readonly string[]): string[] {
  return words.filter((word) => !word.includes('*')).flatMap((word) => word.match(PROJECT_PATH) ?? []);
}
