/** Loads a model file with llama.cpp, in this process and on the CPU, and gives its parts back to the machine. */
import { stat } from 'node:fs/promises';
import type { Logger } from '@xerotier/log';
import { getLlama, LlamaLogLevel } from 'node-llama-cpp';
import type { LlamaContextSequence, LlamaGrammar, LlamaModel } from 'node-llama-cpp';
import type { LlamaConfig } from '../engine-config.ts';

/** To be raised when the way from logits to a reply changes: it is a part of the fingerprint. */
const SAMPLING_VERSION = 2;

export interface LlamaRuntime {
  readonly model: LlamaModel;
  readonly sequences: readonly LlamaContextSequence[];
  readonly contextTokens: number;
  /** Release of llama.cpp and of the code here, for the fingerprint. */
  readonly version: string;
  /** @throws an Error when the text is no grammar. */
  createGrammar(text: string): Promise<LlamaGrammar>;
  dispose(): Promise<void>;
}

/**
 * Each sequence has a context of its own size, so memory for `slots` times `contextTokens` is taken.
 * @throws an Error that says what to do when the file cannot be used or the memory is not enough.
 */
export async function loadLlamaRuntime(config: LlamaConfig, log?: Logger): Promise<LlamaRuntime> {
  if (!(await isFile(config.modelPath))) {
    throw new Error(`There is no model file at ${config.modelPath}. Set XIM_MODEL_PATH to a GGUF file.`);
  }
  const llama = await getLlama({
    gpu: false,
    // A worker must not start a compiler: where no built library fits the machine, it says so.
    build: 'never',
    skipDownload: true,
    progressLogs: false,
    logLevel: log === undefined ? LlamaLogLevel.disabled : LlamaLogLevel.warn,
    logger: (level, message) => log?.warn('llama.cpp reports', { level, report: message.trim() }),
    maxThreads: config.threads,
  });
  try {
    const model = await llama.loadModel({ modelPath: config.modelPath });
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
      version: `llama.cpp ${llama.llamaCppRelease.release}, sampling ${SAMPLING_VERSION}`,
      createGrammar: (grammar) => llama.createGrammar({ grammar }),
      // The order matters: a context uses its model, and a model the library; disposed otherwise, the process hangs or
      // crashes at its end.
      dispose: async () => {
        await context.dispose();
        await model.dispose();
        await llama.dispose();
      },
    };
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

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
