/** The whole check of a model. Runs in a process of its own: see `checkModel`. */
import { kindOfFile } from '../files/file-kinds.ts';
import type { FileKind } from '../files/file-kinds.ts';
import type { ModelFile } from '../files/model-file.ts';
import { ModelRejection, ensureModel, shown } from '../files/rejection.ts';
import type { JsonObject } from '../json/read-json.ts';
import { checkTemplate } from '../templates/check-template.ts';
import { checkGgufModel } from './gguf-model.ts';
import { inFile } from './in-file.ts';
import type { ModelFacts } from './model-facts.ts';
import { checkSafetensorsModel } from './safetensors-model.ts';
import type { Companions } from './safetensors-model.ts';
import { checkJson, readConfig, readIndex, readText, templateOf } from './small-files.ts';

export const FILES_MAX = 1_000;

/** @throws {ModelRejection} */
export async function inspectModel(files: readonly ModelFile[]): Promise<ModelFacts> {
  ensureModel(files.length <= FILES_MAX, `it has more than ${FILES_MAX} files`);
  const names = new Set<string>();
  const byKind = new Map<FileKind, ModelFile[]>();
  for (const file of files) {
    const kind = kindOfFile(file);
    const folded = file.name.toLowerCase();
    ensureModel(!names.has(folded), () => `the name ${shown(file.name)} occurs twice`);
    names.add(folded);
    byKind.set(kind, [...(byKind.get(kind) ?? []), file]);
  }
  const gguf = byKind.get('gguf') ?? [];
  const safetensors = byKind.get('safetensors') ?? [];
  if (gguf.length > 0 && safetensors.length > 0) throw new ModelRejection('it has GGUF and safetensors files');
  if (gguf.length === 0 && safetensors.length === 0) throw new ModelRejection('it has no GGUF or safetensors file');

  const companions = await checkCompanions(byKind);
  return gguf.length > 0 ? checkGgufModel(gguf) : checkSafetensorsModel(safetensors, companions);
}

async function checkCompanions(byKind: ReadonlyMap<FileKind, readonly ModelFile[]>): Promise<Companions> {
  const configs = new Map<string, JsonObject>();
  let index: Companions['index'];
  let chatTemplate: string | undefined;
  const each = async (kind: FileKind, check: (file: ModelFile) => Promise<unknown>): Promise<void> => {
    for (const file of byKind.get(kind) ?? []) await inFile(file, () => check(file));
  };
  await each('config', async (file) => {
    const config = await readConfig(file);
    configs.set(file.name, config);
    if (file.name === 'tokenizer_config.json') chatTemplate = templateOf(config);
  });
  await each('template', async (file) => {
    const source = await readText(file);
    checkTemplate(source);
    // As in transformers, a file of its own replaces the one in the configuration.
    chatTemplate = source;
  });
  await each('json', checkJson);
  await each('text', readText);
  await each('index', async (file) => {
    index = await readIndex(file);
  });
  return { config: configs.get('config.json'), index, chatTemplate };
}
