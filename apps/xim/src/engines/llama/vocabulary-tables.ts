import type { LlamaModel } from 'node-llama-cpp';
import type { VocabularyTables } from './vocabulary.ts';

/** Returns the vocabulary tables of a loaded model. */
export function vocabularyTables(model: LlamaModel): VocabularyTables {
  const tables = model.fileInfo.metadata.tokenizer.ggml;
  return { model: tables.model, tokens: tables.tokens, token_type: tables.token_type };
}
