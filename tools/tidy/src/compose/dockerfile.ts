/** The images of a Dockerfile's targets: the accumulated instructions of their stages. */
import { DockerfileParser } from 'dockerfile-ast';
import type { Copy, Env, From, Instruction, JSONInstruction } from 'dockerfile-ast';

export interface CopiedPath {
  /** A stage, or undefined for the build context. */
  readonly from: string | undefined;
  readonly source: string;
  readonly target: string;
}

export interface Image {
  /** The published base image. */
  base: string;
  env: Readonly<Record<string, string>>;
  entrypoint: readonly string[];
  cmd: readonly string[];
  /** The command, or undefined when there is none or it was turned off. */
  healthcheck: readonly string[] | undefined;
  ports: readonly number[];
  user: string;
  stopSignal: string;
  copies: readonly CopiedPath[];
  /** Shell commands of the build. */
  runs: readonly string[];
  /** Names of its build arguments. */
  args: readonly string[];
}

const EMPTY: Image = {
  base: '',
  env: {},
  entrypoint: [],
  cmd: [],
  healthcheck: undefined,
  ports: [],
  user: 'root',
  stopSignal: 'SIGTERM',
  copies: [],
  runs: [],
  args: [],
};

/** Returns the images by target, in the order of the file. */
export function readImages(dockerfile: string): ReadonlyMap<string, Image> {
  const parsed = DockerfileParser.parse(dockerfile);
  const args = parsed.getInitialARGs().flatMap((arg) => arg.getProperty() ?? []);
  const images = new Map<string, Image>();
  let image: Image = { ...EMPTY };
  for (const instruction of parsed.getInstructions()) {
    if (instruction.getKeyword() !== 'FROM') {
      apply(image, instruction);
      continue;
    }
    const from = instruction as From;
    const base = args.reduce(
      (name, arg) => name.replace(`\${${arg.getName()}}`, arg.getValue() ?? ''),
      from.getImage() ?? '',
    );
    image = { ...(images.get(base) ?? { ...EMPTY, base }) };
    images.set(from.getBuildStage() ?? '', image);
  }
  return images;
}

function apply(image: Image, instruction: Instruction): void {
  const words = wordsOf(instruction);
  const [first = ''] = words;
  switch (instruction.getKeyword()) {
    case 'ENV': {
      const pairs = (instruction as Env).getProperties().map((pair) => [pair.getName(), pair.getValue() ?? '']);
      image.env = { ...image.env, ...(Object.fromEntries(pairs) as Record<string, string>) };
      return;
    }
    case 'ARG':
      image.args = [...image.args, first.replace(/=.*/, '')];
      return;
    case 'EXPOSE':
      image.ports = [...image.ports, ...words.map(Number)];
      return;
    case 'USER':
      image.user = first;
      return;
    case 'STOPSIGNAL':
      image.stopSignal = first;
      return;
    case 'RUN':
      image.runs = [...image.runs, words.join(' ')];
      return;
    case 'HEALTHCHECK':
      image.healthcheck = first === 'NONE' ? undefined : (JSON.parse(words.slice(1).join(' ')) as string[]);
      return;
    case 'CMD':
      image.cmd = words;
      return;
    case 'ENTRYPOINT':
      // A new entry point resets an inherited command.
      image.entrypoint = words;
      image.cmd = [];
      return;
    case 'COPY': {
      const from = (instruction as Copy).getFromFlag()?.getValue() ?? undefined;
      const target = words.at(-1) ?? '';
      image.copies = [...image.copies, ...words.slice(0, -1).map((source) => ({ from, source, target }))];
    }
  }
}

/** Returns the elements of a JSON array, or else the words without flags. */
function wordsOf(instruction: Instruction): string[] {
  const list = ['CMD', 'ENTRYPOINT'].includes(instruction.getKeyword())
    ? (instruction as JSONInstruction).getJSONStrings().map((text) => text.getJSONValue())
    : [];
  return list.length > 0 ? list : instruction.getArguments().map((argument) => argument.getValue());
}
