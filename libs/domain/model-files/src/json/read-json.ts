/**
 * A strict JSON parser for untrusted files. `JSON.parse` has no limits of its own and keeps the last of several equal keys, so that
 * two programs can see different values in one text.
 */
import { isUtf8 } from 'node:buffer';
import { ModelRejection, shown } from '../files/rejection.ts';

/** Objects are maps: their keys are untrusted, and may be `__proto__`. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export type JsonObject = ReadonlyMap<string, JsonValue>;

export interface JsonLimits {
  /** Objects and arrays within each other. */
  readonly depthMax: number;
  /** Values in total, of which objects and arrays count as well. */
  readonly partsMax: number;
}

/** @throws {ModelRejection} for invalid UTF-8 or JSON, equal keys in one object, and what exceeds the limits. */
export function readJson(bytes: Buffer, limits: JsonLimits): JsonValue {
  if (!isUtf8(bytes)) throw new ModelRejection('it is not UTF-8 text');
  return new JsonReader(bytes, limits).readWhole();
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return value instanceof Map;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const SPACE = 0x20;
const WHITE_SPACE: ReadonlySet<number | undefined> = new Set([0x20, 0x09, 0x0a, 0x0d]);
/** Ends a number or a word. */
const DELIMITERS: ReadonlySet<number | undefined> = new Set([
  ...WHITE_SPACE,
  COMMA,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  undefined,
]);
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const SCALAR_LENGTH_MAX = 64;
const WORDS: ReadonlyMap<string, null | boolean> = new Map([
  ['null', null],
  ['true', true],
  ['false', false],
]);

class JsonReader {
  readonly #bytes: Buffer;
  readonly #limits: JsonLimits;
  #at = 0;
  #parts = 0;

  constructor(bytes: Buffer, limits: JsonLimits) {
    this.#bytes = bytes;
    this.#limits = limits;
  }

  readWhole(): JsonValue {
    const value = this.#value(0);
    this.#skipSpace();
    if (this.#at < this.#bytes.length) throw this.#invalid();
    return value;
  }

  #value(depth: number): JsonValue {
    this.#parts += 1;
    if (this.#parts > this.#limits.partsMax) {
      throw new ModelRejection(`its JSON has more than ${this.#limits.partsMax} values`);
    }
    this.#skipSpace();
    switch (this.#bytes[this.#at]) {
      case OPEN_BRACE:
        return this.#object(depth + 1);
      case OPEN_BRACKET:
        return this.#array(depth + 1);
      case QUOTE:
        return this.#string();
      default:
        return this.#scalar();
    }
  }

  #object(depth: number): JsonObject {
    this.#open(depth);
    const object = new Map<string, JsonValue>();
    if (this.#takes(CLOSE_BRACE)) return object;
    do {
      this.#skipSpace();
      if (this.#bytes[this.#at] !== QUOTE) throw this.#invalid();
      const key = this.#string();
      if (object.has(key)) throw new ModelRejection(`its JSON has the key ${shown(key)} twice in one object`);
      if (!this.#takes(COLON)) throw this.#invalid();
      object.set(key, this.#value(depth));
    } while (this.#takes(COMMA));
    if (!this.#takes(CLOSE_BRACE)) throw this.#invalid();
    return object;
  }

  #array(depth: number): JsonValue[] {
    this.#open(depth);
    const array: JsonValue[] = [];
    if (this.#takes(CLOSE_BRACKET)) return array;
    do array.push(this.#value(depth));
    while (this.#takes(COMMA));
    if (!this.#takes(CLOSE_BRACKET)) throw this.#invalid();
    return array;
  }

  #open(depth: number): void {
    this.#at += 1;
    if (depth > this.#limits.depthMax) {
      throw new ModelRejection(`its JSON is nested more than ${this.#limits.depthMax} levels deep`);
    }
  }

  #string(): string {
    const start = this.#at + 1;
    let at = start;
    let isEscaped = false;
    for (let byte = this.#bytes[at]; byte !== QUOTE; byte = this.#bytes[at]) {
      if (byte === undefined || byte < SPACE) throw this.#invalid();
      if (byte === BACKSLASH) {
        isEscaped = true;
        at += 1;
      }
      at += 1;
    }
    this.#at = at + 1;
    if (!isEscaped) return this.#bytes.toString('utf8', start, at);
    try {
      return JSON.parse(this.#bytes.toString('utf8', start - 1, at + 1)) as string;
    } catch {
      throw this.#invalid();
    }
  }

  #scalar(): JsonValue {
    const start = this.#at;
    while (!DELIMITERS.has(this.#bytes[this.#at]) && this.#at - start <= SCALAR_LENGTH_MAX) this.#at += 1;
    const text = this.#bytes.toString('latin1', start, this.#at);
    const word = WORDS.get(text);
    if (word !== undefined) return word;
    const number = NUMBER.test(text) ? Number(text) : Number.NaN;
    if (!Number.isFinite(number)) throw this.#invalid();
    return number;
  }

  #takes(byte: number): boolean {
    this.#skipSpace();
    if (this.#bytes[this.#at] !== byte) return false;
    this.#at += 1;
    return true;
  }

  #skipSpace(): void {
    while (WHITE_SPACE.has(this.#bytes[this.#at])) this.#at += 1;
  }

  #invalid(): ModelRejection {
    return new ModelRejection(`it is not valid JSON (at byte ${this.#at})`);
  }
}
