/** What a target of a Dockerfile becomes: the sum of its stages. */
import { posix } from 'node:path';
import { assignments } from './dockerfile.ts';
import type { Dockerfile, Instruction, Stage } from './dockerfile.ts';

export interface Copy {
  /** A stage, an image, or undefined for the build context. */
  readonly from: string | undefined;
  /** As written; from a stage: absolute. */
  readonly source: string;
  /** Absolute. A copied file lies at this path, the contents of a copied folder in it. */
  readonly target: string;
  readonly stage: string;
  readonly line: number;
}

export interface Run {
  readonly words: readonly string[];
  readonly line: number;
}

export interface Image {
  readonly target: string;
  /** The image that everything starts from. */
  readonly base: string;
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** The command, or undefined when there is none or it was switched off. */
  readonly healthcheck: readonly string[] | undefined;
  readonly ports: readonly number[];
  readonly user: string;
  readonly stopSignal: string | undefined;
  readonly copies: readonly Copy[];
  readonly runs: readonly Run[];
}

/** The stages from the first to the named one, each built on the one before it. */
export function lineageOf(dockerfile: Dockerfile, target: string): Stage[] {
  const stage = dockerfile.stages.find(({ name }) => name === target);
  if (stage === undefined) return [];
  return [...lineageOf(dockerfile, stage.base), stage];
}

/** Undefined when there is no such target. */
export function imageOf(dockerfile: Dockerfile, target: string): Image | undefined {
  const stages = lineageOf(dockerfile, target);
  const [first] = stages;
  if (first === undefined) return undefined;
  const image = new ImageBuilder();
  for (const stage of stages) for (const instruction of stage.instructions) image.apply(instruction, stage.name);
  return { target, base: first.base, ...image.done() };
}

class ImageBuilder {
  #workdir = '/';
  #entrypoint: readonly string[] = [];
  #cmd: readonly string[] = [];
  #healthcheck: readonly string[] | undefined;
  #user = 'root';
  #stopSignal: string | undefined;
  readonly #env: Record<string, string> = {};
  readonly #ports: number[] = [];
  readonly #copies: Copy[] = [];
  readonly #runs: Run[] = [];

  apply(instruction: Instruction, stage: string): void {
    const { keyword, words, line } = instruction;
    const [first = ''] = words;
    if (keyword === 'WORKDIR') this.#workdir = posix.resolve(this.#workdir, first);
    else if (keyword === 'ENV') Object.assign(this.#env, assignments(instruction));
    else if (keyword === 'EXPOSE') this.#ports.push(...words.map(Number));
    else if (keyword === 'USER') this.#user = first;
    else if (keyword === 'STOPSIGNAL') this.#stopSignal = first;
    else if (keyword === 'HEALTHCHECK') this.#healthcheck = first === 'NONE' ? undefined : words;
    else if (keyword === 'CMD') this.#cmd = words;
    else if (keyword === 'ENTRYPOINT') {
      this.#entrypoint = words;
      // Docker drops an inherited command with a new entry point.
      this.#cmd = [];
    } else if (keyword === 'RUN') this.#runs.push({ words, line });
    else if (keyword === 'COPY' || keyword === 'ADD') this.#copies.push(...this.#copied(instruction, stage));
  }

  done(): Omit<Image, 'target' | 'base'> {
    return {
      workdir: this.#workdir,
      env: this.#env,
      entrypoint: this.#entrypoint,
      cmd: this.#cmd,
      healthcheck: this.#healthcheck,
      ports: this.#ports,
      user: this.#user,
      stopSignal: this.#stopSignal,
      copies: this.#copies,
      runs: this.#runs,
    };
  }

  #copied({ flags, words, line }: Instruction, stage: string): Copy[] {
    const from = flags.find(({ name }) => name === 'from')?.value;
    const target = words.at(-1) ?? '.';
    return words.slice(0, -1).map((source) => ({
      from,
      source,
      // Into a folder that is named as one, a file keeps its name; so it does when several are copied.
      target: posix.resolve(
        this.#workdir,
        target,
        target.endsWith('/') && posix.extname(source) !== '' ? posix.basename(source) : '',
      ),
      stage,
      line,
    }));
  }
}
