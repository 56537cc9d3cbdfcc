/** Collects the rules of a grammar in GBNF, the notation of llama.cpp. */
import { AppError } from '@xerotier/errors';

/** A grammar with more rules takes seconds to parse, and no ordinary schema needs one. */
const RULES_MAX = 5_000;
/** llama.cpp expands every repetition to as many rules. */
const REPETITIONS_MAX = 50_000;
/** Schemas and properties that are processed: references and choices multiply them, even in a small document. */
const SCHEMAS_MAX = 20_000;
/** Comparisons of values with schemas, and between the choices of `oneOf`. Each takes some microseconds. */
const COMPARISONS_MAX = 100_000;

export class GbnfRules {
  readonly #rules = new Map<string, string>();
  readonly #names = new Map<string, string>();
  readonly #repeated = new Set<string>();
  #repetitions = 0;
  #schemas = 0;
  #comparisons = 0;

  /** Returns the name of a rule with this body; equal bodies share a rule. @throws {AppError} `request.invalid` at the limit. */
  add(kind: string, body: string): string {
    const known = this.#names.get(body);
    if (known !== undefined) return known;
    const name = this.reserve(kind);
    this.define(name, body);
    this.#names.set(body, name);
    return name;
  }

  /** Reserves the name of a recursive rule, whose body is defined later. */
  reserve(kind: string): string {
    if (this.#rules.size >= RULES_MAX) throw tooLarge(`they expand to more than ${RULES_MAX} grammar rules`);
    const name = `${kind}-${this.#rules.size}`;
    this.#rules.set(name, '');
    return name;
  }

  define(name: string, body: string): void {
    this.#rules.set(name, body);
  }

  /** Counts processed schemas. @throws {AppError} `request.invalid` at the limit. */
  countSchemas(count: number): void {
    this.#schemas += count;
    if (this.#schemas > SCHEMAS_MAX) throw tooLarge(`they expand to more than ${SCHEMAS_MAX} schemas`);
  }

  /** Counts a comparison. @throws {AppError} `request.invalid` at the limit. */
  countComparison(): void {
    this.#comparisons += 1;
    if (this.#comparisons > COMPARISONS_MAX) throw tooLarge(`they need more than ${COMPARISONS_MAX} comparisons`);
  }

  /**
   * Returns a repetition of `{min,max}` times, in the shortest notation. `max` must not be less than `min`, with which llama.cpp
   * would loop forever.
   * @throws {AppError} `request.invalid` at the limit of all repetitions.
   */
  repeated(what: string, min: number, max: number | undefined): string {
    if (max !== undefined && max < min) throw new RangeError(`${max} is less than ${min}`);
    const text = repetition(what, min, max);
    if (!this.#repeated.has(text)) {
      this.#repeated.add(text);
      this.#repetitions += max ?? min;
    }
    if (this.#repetitions > REPETITIONS_MAX) throw tooLarge(`they expand to more than ${REPETITIONS_MAX} repetitions`);
    return text;
  }

  /** Returns the text of the grammar, which starts with `root`. */
  text(root: string): string {
    return [`root ::= ${root}`, ...[...this.#rules].map(([name, body]) => `${name} ::= ${body}`)].join('\n');
  }
}

/** Returns the text as a terminal. */
export function literal(text: string): string {
  return `"${text.replace(/[\\"\n\r\t]/g, (character) => ESCAPES[character] ?? character)}"`;
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function tooLarge(why: string): AppError {
  return new AppError('request.invalid', { reason: `The JSON schemas of this request are too large: ${why}.` });
}

function repetition(what: string, min: number, max: number | undefined): string {
  if (max === undefined) return min === 0 ? `${what}*` : min === 1 ? `${what}+` : `${what}{${min},}`;
  return min === max ? `${what}{${min}}` : `${what}{${min},${max}}`;
}
