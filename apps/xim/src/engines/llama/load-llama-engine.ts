/** Which of the two llama.cpp engines a model file needs. */
import type { Logger } from '@xerotier/log';
import { readGgufFileInfo } from 'node-llama-cpp';
import type { LlamaConfig } from '../engine-config.ts';
import type { Engine } from '../engine.ts';
import { LlamaEmbeddingEngine } from './llama-embedding.engine.ts';
import { LlamaEngine } from './llama.engine.ts';

/** `pooling_type` of a GGUF file: how the vectors of its tokens become one of the text. */
const pooling = { none: 0, rank: 4 } as const;

/**
 * A model that pools writes no text, so it embeds whatever the settings say.
 * @throws an Error that says what to do when the model cannot be used.
 */
export async function loadLlamaEngine(config: LlamaConfig, log?: Logger): Promise<Engine> {
  const poolingType = await poolingTypeOf(config.modelPath);
  if (poolingType === pooling.rank) {
    throw new Error(
      `The model ${config.modelPath} ranks, which the llama engine does not do. Serve it with vLLM and XIM_ENGINE=openai, XIM_TASK=score.`,
    );
  }
  return config.task !== 'generate' || poolingType > pooling.none
    ? LlamaEmbeddingEngine.load(config, log)
    : LlamaEngine.load(config, log);
}

/** `none` also for what is no model file: the engine says so when it loads it. */
async function poolingTypeOf(modelPath: string): Promise<number> {
  const options = { sourceType: 'filesystem', readTensorInfo: false, logWarnings: false } as const;
  const info = await readGgufFileInfo(modelPath, options).catch(() => undefined);
  return info?.architectureMetadata.pooling_type ?? pooling.none;
}
