/** Reads and checks the files beside the weights, which fit into memory. */
import { isUtf8 } from 'node:buffer';
import { readRange } from '../files/model-file.ts';
import type { ModelFile } from '../files/model-file.ts';
import { ensureModel } from '../files/rejection.ts';
import { isObject, readJson } from '../json/read-json.ts';
import type { JsonObject, JsonValue } from '../json/read-json.ts';
import { checkTemplate } from '../templates/check-template.ts';
import { checkConfig, checkNoPython } from './check-config.ts';

const CONFIG_LIMITS = { depthMax: 32, partsMax: 500_000 };
/** A vocabulary of 300,000 tokens, and a million merges. */
const VOCABULARY_LIMITS = { depthMax: 32, partsMax: 4_000_000 };
const TEMPLATES_MAX = 16;

/** @throws {ModelRejection} */
export async function readConfig(file: ModelFile): Promise<JsonObject> {
  const config = readJson(await readWhole(file), CONFIG_LIMITS);
  checkConfig(config);
  if (file.name !== 'tokenizer_config.json') checkNoPython(config);
  return config;
}

/** @throws {ModelRejection} */
export async function checkJson(file: ModelFile): Promise<void> {
  readJson(await readWhole(file), VOCABULARY_LIMITS);
}

/** Returns the files that the index of a model in several files names, by tensor. @throws {ModelRejection} */
export async function readIndex(file: ModelFile): Promise<ReadonlyMap<string, string>> {
  const index = readJson(await readWhole(file), VOCABULARY_LIMITS);
  const map = isObject(index) ? index.get('weight_map') : undefined;
  ensureModel(isObject(map), 'it has no weight_map');
  const isText = [...map.values()].every((name) => typeof name === 'string');
  ensureModel(isText, 'its weight_map names something else than files');
  return map as ReadonlyMap<string, string>;
}

/** @throws {ModelRejection} */
export async function readText(file: ModelFile): Promise<string> {
  const bytes = await readWhole(file);
  ensureModel(isUtf8(bytes) && !bytes.includes(0), 'it is not UTF-8 text');
  return bytes.toString();
}

/** Returns the default one of the templates in a tokenizer's configuration, all of which are checked. @throws {ModelRejection} */
export function templateOf(config: JsonObject): string | undefined {
  const found = config.get('chat_template') ?? undefined;
  if (found === undefined) return undefined;
  const named = typeof found === 'string' ? new Map([['default', found]]) : namedTemplates(found);
  for (const source of named.values()) checkTemplate(source);
  return named.get('default') ?? [...named.values()][0];
}

/** Templates by name: a list of `{ name, template }`. */
function namedTemplates(value: JsonValue): Map<string, string> {
  const list = Array.isArray(value) ? (value as readonly JsonValue[]) : [];
  const entries = list.map((item) => (isObject(item) ? [item.get('name'), item.get('template')] : []));
  const areTexts = entries.every(([name, template]) => typeof name === 'string' && typeof template === 'string');
  const named = new Map(entries as [string, string][]);
  const isList = list.length > 0 && list.length <= TEMPLATES_MAX && areTexts && named.size === list.length;
  ensureModel(isList, 'its chat_template is neither a text nor a short list of texts with different names');
  return named;
}

async function readWhole(file: ModelFile): Promise<Buffer> {
  return readRange(file, { start: 0, end: file.size });
}
