/**
 * Everyday functions: the names that a developer might give them and their parameters, how people ask for them, what
 * they return, and the sentence that is made of it. Names are many on purpose: the model shall copy them from the list
 * of tools in its prompt, not remember them.
 */
import type { Random } from '../random.ts';
import type { Split } from '../split.ts';

export type Values = Readonly<Record<string, string | number>>;

export interface ToolSpec {
  /** The first is the usual one. */
  readonly names: readonly string[];
  readonly descriptions: readonly string[];
  /** The parameters, besides the usual ones, whose values are numbers. */
  readonly numbers?: readonly string[];
  /** Parameter as the values have it, and the names that developers give it. */
  readonly parameters: Readonly<Record<string, readonly string[]>>;
  values(random: Random, split: Split): Values;
  readonly asked: readonly ((v: Values) => string)[];
  readonly askedHeldOut: readonly ((v: Values) => string)[];
  /** A measure that some developers want as a parameter: said in the question, or the first one. */
  readonly unit?: { readonly names: readonly string[]; readonly values: readonly string[] };
  /** What the function returns, in one of the shapes that functions return. */
  result(
    random: Random,
    v: Values,
  ): { readonly value: unknown; readonly answer: string; readonly words: readonly string[] };
}

/** A result as an object, or as the bare text that lazy functions return. */
export function oneOf(random: Random, key: string, value: unknown): unknown {
  return random.chance(0.75) ? { [key]: value } : String(value);
}
