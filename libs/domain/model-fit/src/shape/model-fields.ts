/** Reads configurations that strangers wrote: every number is bounded, and an error names its field. */

/** A field of a configuration that cannot be right. */
export class InvalidModelField extends Error {
  override readonly name = 'InvalidModelField';
  /** Such as `num_hidden_layers`, `text_config.num_hidden_layers` or `llama.block_count`. */
  readonly field: string;
  /** A part of a sentence: "must be an integer from 1 to 1024". */
  readonly reason: string;

  constructor(field: string, reason: string) {
    super(`${field} ${reason}`);
    this.field = field;
    this.reason = reason;
  }
}

const TEXT_LENGTH_MAX = 256;
const LIST_LENGTH_MAX = 4_096;
const CONTROL = /\p{Cc}/u;

/** A text that may be stored and shown. */
export function isShortText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= TEXT_LENGTH_MAX && !CONTROL.test(value) && value.isWellFormed();
}

export class ModelFields {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #prefix: string;
  readonly #aliases: Readonly<Record<string, string>> | undefined;

  /**
   * @param prefix of the names in errors.
   * @param aliases what the values call the fields that are asked for; others are missing then.
   */
  constructor(values: Readonly<Record<string, unknown>>, prefix = '', aliases?: Readonly<Record<string, string>>) {
    this.#values = values;
    this.#prefix = prefix;
    this.#aliases = aliases;
  }

  /** Takes these values for what is missing. */
  withDefaults(defaults: Readonly<Record<string, unknown>>): ModelFields {
    const given = Object.entries(this.#values).filter(([, value]) => value !== undefined && value !== null);
    return new ModelFields({ ...defaults, ...Object.fromEntries(given) }, this.#prefix, this.#aliases);
  }

  /** Null counts as missing, as in configurations of transformers. The first of these names that is there is taken. */
  get(...names: readonly string[]): unknown {
    return this.#find(names)?.value;
  }

  /** @throws {InvalidModelField} */
  count(max: number, ...names: readonly string[]): number | undefined {
    const found = this.#find(names);
    if (found === undefined) return undefined;
    const value = typeof found.value === 'bigint' ? Number(found.value) : found.value;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > max)
      throw this.invalid(found.name, `must be an integer from 1 to ${max}`);
    return value;
  }

  /** As `count`, but zero counts as missing: configurations say so that a part is not there. @throws {InvalidModelField} */
  countOrZero(max: number, ...names: readonly string[]): number | undefined {
    const found = this.#find(names);
    return found?.value === 0 || found?.value === 0n ? undefined : this.count(max, ...names);
  }

  /** @throws {InvalidModelField} */
  requiredCount(max: number, ...names: readonly [string, ...string[]]): number {
    const count = this.count(max, ...names);
    if (count === undefined) throw this.invalid(names[0], 'is missing');
    return count;
  }

  /** @throws {InvalidModelField} */
  flag(...names: readonly string[]): boolean | undefined {
    const found = this.#find(names);
    if (found === undefined || typeof found.value === 'boolean') return found?.value as boolean | undefined;
    throw this.invalid(found.name, 'must be true or false');
  }

  /** @throws {InvalidModelField} */
  text(...names: readonly string[]): string | undefined {
    const found = this.#find(names);
    if (found === undefined) return undefined;
    const { value, name } = found;
    if (!isShortText(value)) throw this.invalid(name, `must be a text of at most ${TEXT_LENGTH_MAX} characters`);
    return value;
  }

  /** @throws {InvalidModelField} */
  list(...names: readonly string[]): readonly unknown[] | undefined {
    const found = this.#find(names);
    if (found === undefined) return undefined;
    if (!Array.isArray(found.value) || found.value.length > LIST_LENGTH_MAX)
      throw this.invalid(found.name, `must be a list of at most ${LIST_LENGTH_MAX} items`);
    return found.value as readonly unknown[];
  }

  /** An object within this one. @throws {InvalidModelField} */
  part(...names: readonly string[]): ModelFields | undefined {
    const found = this.#find(names);
    if (found === undefined) return undefined;
    if (typeof found.value !== 'object' || Array.isArray(found.value))
      throw this.invalid(found.name, 'must be an object');
    return new ModelFields(found.value as Readonly<Record<string, unknown>>, `${this.#prefix}${found.name}.`);
  }

  invalid(name: string, reason: string): InvalidModelField {
    return new InvalidModelField(`${this.#prefix}${this.#keyOf(name) ?? name}`, reason);
  }

  #find(names: readonly string[]): { readonly name: string; readonly value: unknown } | undefined {
    for (const name of names) {
      const key = this.#keyOf(name);
      const value = key !== undefined && Object.hasOwn(this.#values, key) ? this.#values[key] : undefined;
      if (value !== undefined && value !== null) return { name, value };
    }
    return undefined;
  }

  #keyOf(name: string): string | undefined {
    if (this.#aliases === undefined) return name;
    return Object.hasOwn(this.#aliases, name) ? this.#aliases[name] : undefined;
  }
}
