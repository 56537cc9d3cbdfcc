import { withoutBackslashes } from '@xerotier/testing';
import fc from 'fast-check';
import { ModelRejection } from '../files/rejection.ts';
import { readJson } from './read-json.ts';
import type { JsonValue } from './read-json.ts';

const LIMITS = { depthMax: 100, partsMax: 10_000 };

/** With objects instead of maps, which `JSON.parse` returns. */
function plain(value: JsonValue): unknown {
  if (Array.isArray(value)) return (value as JsonValue[]).map(plain);
  if (!(value instanceof Map)) return value;
  const object: Record<string, unknown> = {};
  for (const [key, item] of value as Map<string, JsonValue>) {
    Object.defineProperty(object, key, { value: plain(item), enumerable: true, configurable: true, writable: true });
  }
  return object;
}

const read = (text: string | Buffer, limits = LIMITS): unknown => plain(readJson(Buffer.from(text), limits));

describe('readJson', () => {
  it('reads every JSON value as JSON.parse does', () => {
    fc.assert(
      fc.property(
        withoutBackslashes(fc.jsonValue({ maxDepth: 8 })),
        fc.constantFrom(undefined, ' ', '\t'),
        (value, space) => {
          const text = JSON.stringify(value, undefined, space);
          expect(read(text)).toEqual(JSON.parse(text));
        },
      ),
    );
  });

  it('accepts exactly the texts that JSON.parse accepts', () => {
    const character = fc.constantFrom(...'{}[]:,"\\ntruefalsenul0123.eE+-u \t\r\u00e9');
    fc.assert(
      fc.property(fc.array(character, { maxLength: 12 }), (characters) => {
        const text = characters.join('');
        let expected: unknown;
        try {
          expected = JSON.parse(text);
        } catch {
          expect(() => read(text)).toThrow(ModelRejection);
          return;
        }
        // Equal keys are the exception, and 1e999 is.
        try {
          expect(read(text)).toEqual(expected);
        } catch (error) {
          if (!(error instanceof ModelRejection)) throw error;
          expect(error.message).toMatch(/twice|not valid JSON/);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it('rejects any bytes with a rejection, or reads them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          read(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(ModelRejection);
        }
      }),
    );
  });

  it.each([
    ['{"a":1,"a":1}', 'the key "a" twice'],
    ['{"a":1,"\\u0061":1}', 'the key "a" twice'],
    ['{"b":{"__proto__":1,"__proto__":1}}', 'the key "__proto__" twice'],
    [Buffer.from([0x22, 0xff, 0x22]), 'not UTF-8'],
    ['\ufeff{}', 'not valid JSON'],
    ['NaN', 'not valid JSON'],
    ['1e999', 'not valid JSON'],
    ['01', 'not valid JSON'],
    ['1'.repeat(66), 'not valid JSON'],
    ['"a\nb"', 'not valid JSON'],
    ['"a', 'not valid JSON'],
    ['{"a":1,}', 'not valid JSON'],
    ['{xa":1}', 'not valid JSON'],
    ['[1,]', 'not valid JSON'],
    ['{} {}', 'not valid JSON'],
    ['', 'not valid JSON'],
  ])('rejects %p', (text, reason) => {
    expect(() => read(text)).toThrow(reason);
  });

  it('bounds depth and number of values, however many there are', () => {
    expect(read('[[1]]', { depthMax: 2, partsMax: 3 })).toEqual([[1]]);
    expect(() => read('[[1]]', { depthMax: 1, partsMax: 3 })).toThrow('more than 1 levels deep');
    expect(() => read('[[1]]', { depthMax: 2, partsMax: 2 })).toThrow('more than 2 values');
    expect(() => read('{"a":{}}', { depthMax: 1, partsMax: 3 })).toThrow('more than 1 levels deep');
    expect(() => read('['.repeat(5_000_000))).toThrow('levels deep');
    expect(() => read(`[${'0,'.repeat(5_000_000)}`)).toThrow('more than 10000 values');
  });
});
