/** Rules of a grammar in GBNF, the notation of llama.cpp, as they come up. */
import { AppError } from '@xerotier/errors';

/** A grammar of more rules takes seconds to read, and nobody asks for one by accident. */
const RULES_MAX = 5_000;
/** llama.cpp writes every repetition out: as many rules again. */
const REPETITIONS_MAX = 50_000;
/** Schemas and properties that are put together: references and choices multiply what a small text says. */
const SCHEMAS_MAX = 20_000;
/** Comparisons of values with schemas, and of the choices of `oneOf` with each other: each takes some microseconds. */
const COMPARISONS_MAX = 100_000;

export class GbnfRules {
  readonly #rules = new Map<string, string>();
  readonly #names = new Map<string, string>();
  readonly #repeated = new Set<string>();
  #repetitions = 0;
  #schemas = 0;
  #comparisons = 0;

  /** The name of a rule with this body; equal bodies share one. @throws {AppError} `request.invalid` at the bound. */
  add(kind: string, body: string): string {
    const known = this.#names.get(body);
    if (known !== undefined) return known;
    const name = this.reserve(kind);
    this.define(name, body);
    this.#names.set(body, name);
    return name;
  }

  /** A name for a rule whose body is not known yet: one that refers to itself. */
  reserve(kind: string): string {
    if (this.#rules.size >= RULES_MAX) throw tooLarge(`they make more than ${RULES_MAX} rules`);
    const name = `${kind}-${this.#rules.size}`;
    this.#rules.set(name, '');
    return name;
  }

  define(name: string, body: string): void {
    this.#rules.set(name, body);
  }

  /** So many more schemas are looked at. @throws {AppError} `request.invalid` at the bound. */
  countSchemas(count: number): void {
    this.#schemas += count;
    if (this.#schemas > SCHEMAS_MAX) throw tooLarge(`they come to more than ${SCHEMAS_MAX} schemas`);
  }

  /** One more comparison is made. @throws {AppError} `request.invalid` at the bound. */
  countComparison(): void {
    this.#comparisons += 1;
    if (this.#comparisons > COMPARISONS_MAX) throw tooLarge(`they need more than ${COMPARISONS_MAX} comparisons`);
  }

  /**
   * `{min,max}` times, in the shortest notation. `max` must not be less than `min`: llama.cpp would count down from zero, and
   * never end.
   * @throws {AppError} `request.invalid` at the bound of all repetitions.
   */
  repeated(what: string, min: number, max: number | undefined): string {
    if (max !== undefined && max < min) throw new RangeError(`${max} is less than ${min}`);
    const text = repetition(what, min, max);
    if (!this.#repeated.has(text)) {
      this.#repeated.add(text);
      this.#repetitions += max ?? min;
    }
    if (this.#repetitions > REPETITIONS_MAX) throw tooLarge(`they count to more than ${REPETITIONS_MAX}`);
    return text;
  }

  /** The text of the grammar, which begins with `root`. */
  text(root: string): string {
    return [`root ::= ${root}`, ...[...this.#rules].map(([name, body]) => `${name} ::= ${body}`)].join('\n');
  }
}

/** Exactly this text, as a terminal. */
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
