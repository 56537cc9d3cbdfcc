/** What a configuration of a model must not contain: a request to run code that comes with the model, or from elsewhere. */
import { ensureModel, shown } from '../files/rejection.ts';
import { isObject } from '../json/read-json.ts';
import type { JsonObject, JsonValue } from '../json/read-json.ts';

/** A Python file by name, with or without a folder, a repository or a class: `modeling.py`, `other/repo--modeling.py`. */
const PYTHON_FILE = /\.py[cdow]?(?![A-Za-z0-9_])/i;

/** @throws {ModelRejection} */
export function checkConfig(config: JsonValue): asserts config is JsonObject {
  ensureModel(isObject(config), 'it is not a JSON object');
  checkNoCode(config);
}

/** At any depth, since configurations of parts of a model are read like the whole. */
function checkNoCode(value: JsonValue): void {
  if (Array.isArray(value)) (value as readonly JsonValue[]).forEach(checkNoCode);
  if (!isObject(value)) return;
  ensureModel(!value.has('auto_map'), 'it has auto_map, which loads code of the model');
  const trust = value.get('trust_remote_code') ?? false;
  ensureModel(trust === false, 'it has trust_remote_code, which loads code of the model');
  for (const item of value.values()) checkNoCode(item);
}

/** Not for the configuration of a tokenizer: one of its tokens may be `.py`. @throws {ModelRejection} */
export function checkNoPython(value: JsonValue): void {
  if (typeof value === 'string') {
    ensureModel(!PYTHON_FILE.test(value), () => `it refers to the Python file ${shown(value)}`);
  } else if (Array.isArray(value)) (value as readonly JsonValue[]).forEach(checkNoPython);
  else if (isObject(value)) {
    for (const [key, item] of value) {
      checkNoPython(key);
      checkNoPython(item);
    }
  }
}
