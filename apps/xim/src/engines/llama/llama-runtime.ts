/** Loads a model file with llama.cpp, in this process and on the CPU, and disposes its resources. */
import { stat } from 'node:fs/promises';
import type { Logger } from '@xerotier/log';
import { getLlama, LlamaLogLevel } from 'node-llama-cpp';
import type { Llama, LlamaContextSequence, LlamaEmbeddingContext, LlamaGrammar, LlamaModel } from 'node-llama-cpp';
import type { LlamaModelConfig } from '../engine-config.ts';

/** Must be incremented when the sampling code changes; a part of the fingerprint. */
const SAMPLING_VERSION = 2;

export interface LlamaRuntime {
  readonly model: LlamaModel;
  readonly sequences: readonly LlamaContextSequence[];
  readonly contextTokens: number;
  /** Versions of llama.cpp and of the sampling code, for the fingerprint. */
  readonly version: string;
  /** @throws an Error when the grammar is invalid. */
  createGrammar(text: string): Promise<LlamaGrammar>;
  dispose(): Promise<void>;
}

/**
 * Loads the model with a full context per sequence, so it allocates memory for `slots` times `contextTokens`.
 * @throws an Error with instructions for the operator when the file is unusable or there is not enough memory.
 */
export function loadLlamaRuntime(config: LlamaModelConfig, log?: Logger): Promise<LlamaRuntime> {
  return withModel(config, log, async (llama, model) => {
    const contextTokens = Math.min(config.contextTokens, model.trainContextSize);
    const context = await model.createContext({
      sequences: config.slots,
      contextSize: contextTokens,
      threads: config.threads,
    });
    return {
      model,
      contextTokens,
      sequences: Array.from({ length: config.slots }, () => context.getSequence()),
      version: versionOf(llama),
      createGrammar: (grammar) => llama.createGrammar({ grammar }),
      dispose: () => disposeInOrder(context, model, llama),
    };
  });
}

export interface EmbeddingRuntime {
  readonly model: LlamaModel;
  readonly context: LlamaEmbeddingContext;
  readonly contextTokens: number;
  readonly version: string;
  dispose(): Promise<void>;
}

/**
 * Loads the model with one context, which computes one input after the other: on a CPU, concurrency would not be faster.
 * @throws as `loadLlamaRuntime`.
 */
export function loadEmbeddingRuntime(config: LlamaModelConfig, log?: Logger): Promise<EmbeddingRuntime> {
  return withModel(config, log, async (llama, model) => {
    const contextTokens = Math.min(config.contextTokens, model.trainContextSize);
    // The library requires room for one more token, and a pooled input must be computed in one batch.
    const room = contextTokens + 1;
    const context = await model.createEmbeddingContext({
      contextSize: room,
      batchSize: room,
      threads: config.threads,
    });
    return {
      model,
      context,
      contextTokens,
      version: versionOf(llama),
      dispose: () => disposeInOrder(context, model, llama),
    };
  });
}

/** Warning of llama.cpp about the additional token of room, which is never used. */
const EXPECTED_WARNING = 'possible training context overflow';

async function withModel<T>(
  config: LlamaModelConfig,
  log: Logger | undefined,
  make: (llama: Llama, model: LlamaModel) => Promise<T>,
): Promise<T> {
  if (!(await isFile(config.modelPath))) {
    throw new Error(`There is no model file at ${config.modelPath}. Set XIM_MODEL_PATH to a GGUF file.`);
  }
  const llama = await getLlama({
    gpu: false,
    // A worker must not start a compiler; it fails if there is no prebuilt library for the machine.
    build: 'never',
    skipDownload: true,
    progressLogs: false,
    logLevel: log === undefined ? LlamaLogLevel.disabled : LlamaLogLevel.warn,
    logger: (level, message) => {
      if (!message.includes(EXPECTED_WARNING)) log?.warn('llama.cpp message', { level, text: message.trim() });
    },
    maxThreads: config.threads,
  });
  try {
    return await make(llama, await llama.loadModel({ modelPath: config.modelPath }));
  } catch (error) {
    await llama.dispose();
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `The model ${config.modelPath} could not be loaded with ${config.slots} slots of ${config.contextTokens} tokens: ${reason} ` +
        'If memory is short, lower XIM_SLOTS or XIM_CONTEXT_TOKENS.',
      { cause: error },
    );
  }
}

function versionOf(llama: Llama): string {
  return `llama.cpp ${llama.llamaCppRelease.release}, sampling ${SAMPLING_VERSION}`;
}

/** A context uses its model, and a model uses the library; in another order, the process would hang or crash at exit. */
async function disposeInOrder(...parts: readonly { dispose(): Promise<void> }[]): Promise<void> {
  for (const part of parts) await part.dispose();
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
