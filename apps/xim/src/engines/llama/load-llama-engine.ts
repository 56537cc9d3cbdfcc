/** Selects one of the two llama.cpp engines for a model file. */
import type { Logger } from '@xerotier/log';
import { readGgufFileInfo } from 'node-llama-cpp';
import type { LlamaConfig } from '../engine-config.ts';
import type { Engine } from '../engine.ts';
import { LlamaEmbeddingEngine } from './llama-embedding.engine.ts';
import { LlamaEngine } from './llama.engine.ts';

/** `pooling_type` of a GGUF file: how the vectors of the tokens become the vector of the text. */
const pooling = { none: 0, rank: 4 } as const;

/**
 * Loads the model. A pooling model cannot generate text, so it serves embeddings regardless of the settings.
 * @throws an Error with instructions for the operator when the model cannot be used.
 */
export async function loadLlamaEngine(config: LlamaConfig, log?: Logger): Promise<Engine> {
  const poolingType = await poolingTypeOf(config.modelPath);
  if (poolingType === pooling.rank) {
    throw new Error(
      `The model ${config.modelPath} is a reranker, which the llama engine does not support. Serve it with vLLM and XIM_ENGINE=openai, XIM_TASK=score.`,
    );
  }
  return config.task !== 'generate' || poolingType > pooling.none
    ? LlamaEmbeddingEngine.load(config, log)
    : LlamaEngine.load(config, log);
}

/** Returns `none` for an invalid model file, too: the engine reports the error when it loads the file. */
async function poolingTypeOf(modelPath: string): Promise<number> {
  const options = { sourceType: 'filesystem', readTensorInfo: false, logWarnings: false } as const;
  const info = await readGgufFileInfo(modelPath, options).catch(() => undefined);
  return info?.architectureMetadata.pooling_type ?? pooling.none;
}
