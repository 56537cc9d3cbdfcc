/** The parts of the template engine that the check needs, with types: those of the package have imports without file extensions. */
import * as engine from '@huggingface/jinja';

declare const program: unique symbol;
/** A parsed template. */
export interface Program {
  readonly [program]: true;
}

export interface Environment {
  set(name: string, value: unknown): unknown;
}

export interface Interpreter {
  run(program: Program): unknown;
  /** Called for each node of the program, whenever it is evaluated. */
  evaluate(node: unknown, environment: Environment): { readonly value: unknown };
}

interface Engine {
  readonly Environment: new () => Environment;
  readonly Interpreter: new (environment: Environment) => Interpreter;
  readonly tokenize: (
    source: string,
    options: { readonly lstrip_blocks: boolean; readonly trim_blocks: boolean },
  ) => unknown;
  readonly parse: (tokens: unknown) => Program;
}

export const { Environment, Interpreter, tokenize, parse } = engine as unknown as Engine;
