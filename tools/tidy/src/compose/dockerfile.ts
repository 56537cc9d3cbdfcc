/**
 * Reads a Dockerfile as far as checking it needs: stages, and their instructions with flags and words. It understands what
 * this project uses and refuses the rest (other escape characters, here-documents) instead of guessing.
 */

export interface Instruction {
  readonly keyword: string;
  /** `--name=value`, in order; a flag may come several times. */
  readonly flags: readonly { readonly name: string; readonly value: string }[];
  /** The words, or the elements of the JSON list. */
  readonly words: readonly string[];
  readonly line: number;
}

export interface Stage {
  readonly name: string;
  /** An earlier stage, or an image. */
  readonly base: string;
  readonly instructions: readonly Instruction[];
  readonly line: number;
}

export interface Dockerfile {
  /** ARGs before the first stage, with their defaults. */
  readonly args: Readonly<Record<string, string>>;
  readonly stages: readonly Stage[];
}

const KEYWORDS =
  'ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL ONBUILD RUN SHELL STOPSIGNAL USER VOLUME WORKDIR'.split(
    ' ',
  );

/** @throws {SyntaxError} that names the line. */
export function parseDockerfile(text: string): Dockerfile {
  const args: Record<string, string> = {};
  const stages: { name: string; base: string; instructions: Instruction[]; line: number }[] = [];
  for (const instruction of logicalLines(text).map(parseInstruction)) {
    const { keyword, words, line } = instruction;
    const stage = stages.at(-1);
    if (keyword === 'FROM') {
      const [base = '', as, name = String(stages.length)] = words;
      if (base === '' || (as !== undefined && as.toUpperCase() !== 'AS'))
        throw at(line, 'write FROM <image> AS <name>');
      stages.push({ name, base: substitute(base, args, line), instructions: [], line });
    } else if (stage !== undefined) stage.instructions.push(instruction);
    else if (keyword === 'ARG') Object.assign(args, assignments(instruction));
    else throw at(line, `${keyword} comes before the first FROM`);
  }
  return { args, stages };
}

/** The `NAME=value` pairs of an ENV, ARG or LABEL. */
export function assignments({ keyword, words, line }: Instruction): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const [, name, value] = /^([\w.-]+)=([\s\S]*)$/.exec(word) ?? (keyword === 'ARG' ? [word, word, ''] : []);
      if (name === undefined) throw at(line, `write ${keyword} NAME=value`);
      return [name, value ?? ''];
    }),
  );
}

interface LogicalLine {
  readonly text: string;
  readonly line: number;
}

/** Joins continued lines; comments between them are not part of the instruction. */
function logicalLines(text: string): LogicalLine[] {
  const out: LogicalLine[] = [];
  let open: { parts: string[]; line: number } | undefined;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const isComment = raw.trimStart().startsWith('#');
    if (isComment && /^#\s*escape\s*=/i.test(raw) && out.length === 0)
      throw at(index + 1, 'only \\ continues lines here');
    if (isComment || raw.trim() === '') continue;
    const continued = /\\\s*$/.test(raw);
    open ??= { parts: [], line: index + 1 };
    open.parts.push(continued ? raw.replace(/\\\s*$/, '') : raw);
    if (continued) continue;
    out.push({ text: open.parts.join(' ').trim(), line: open.line });
    open = undefined;
  }
  if (open !== undefined) throw at(open.line, 'the last line of the file is continued');
  return out;
}

function parseInstruction({ text, line }: LogicalLine): Instruction {
  const [, keyword = '', rest = ''] = /^(\S+)\s*([\s\S]*)$/.exec(text) ?? [];
  if (!KEYWORDS.includes(keyword)) throw at(line, `'${keyword}' is no instruction: write it in capitals, spelt right`);
  if (['RUN', 'COPY', 'ADD'].includes(keyword) && /<<-?["']?\w/.test(rest))
    throw at(line, 'here-documents are not read here');
  const flags: { name: string; value: string }[] = [];
  let body = rest;
  for (let match; (match = /^--([\w-]+)(?:=(\S+))?\s*/.exec(body)) !== null; body = body.slice(match[0].length)) {
    flags.push({ name: match[1] ?? '', value: match[2] ?? '' });
  }
  return { keyword, flags, words: wordsOf(keyword, body, line), line };
}

function wordsOf(keyword: string, body: string, line: number): string[] {
  if (keyword === 'HEALTHCHECK' && body.startsWith('CMD')) return wordsOf('CMD', body.slice(3).trim(), line);
  if (body.startsWith('[')) {
    try {
      return JSON.parse(body) as string[];
    } catch {
      throw at(line, `${keyword} is no list of strings in double quotes`);
    }
  }
  const words = body.match(/(?:"(?:\\.|[^"])*"|'[^']*'|[^\s"'])+/g) ?? [];
  return words.map((word) =>
    word.replace(/"((?:\\.|[^"])*)"|'([^']*)'/g, (_, double?: string, single?: string) => double ?? single ?? ''),
  );
}

function substitute(text: string, args: Readonly<Record<string, string>>, line: number): string {
  return text.replace(/\$\{(\w+)\}|\$(\w+)/g, (_, braced?: string, bare?: string) => {
    const name = braced ?? bare ?? '';
    const value = args[name];
    if (value === undefined) throw at(line, `there is no ARG ${name} before the first FROM`);
    return value;
  });
}

function at(line: number, message: string): SyntaxError {
  return new SyntaxError(`deploy/Dockerfile:${line}: ${message}`);
}
