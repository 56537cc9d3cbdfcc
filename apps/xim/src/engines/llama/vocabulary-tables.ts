import type { LlamaModel } from 'node-llama-cpp';
import type { VocabularyTables } from './vocabulary.ts';

/** The tables of a model that is loaded. */
export function vocabularyTables(model: LlamaModel): VocabularyTables {
  const tables = model.fileInfo.metadata.tokenizer.ggml;
  return { model: tables.model, tokens: tables.tokens, token_type: tables.token_type };
}
