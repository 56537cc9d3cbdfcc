import type { Logger } from '@xerotier/log';
import type { EngineConfig, OpenaiConfig } from './engine-config.ts';
import type { Engine } from './engine.ts';

/**
 * Creates the engine that the configuration selects. Engines are imported lazily: llama.cpp is native code that a worker with
 * another engine need not load or even install. The `llama` engine loads its model file here.
 * @throws an Error with instructions for the operator when the engine cannot be created.
 */
export async function createEngine(config: EngineConfig, log?: Logger): Promise<Engine> {
  switch (config.kind) {
    case 'scripted': {
      const { ScriptedEngine } = await import('./scripted/scripted.engine.ts');
      return new ScriptedEngine(config);
    }
    case 'llama': {
      const { loadLlamaEngine } = await import('./llama/load-llama-engine.ts');
      return loadLlamaEngine(config, log);
    }
    case 'openai':
      return createOpenaiEngine(config);
  }
}

async function createOpenaiEngine(config: OpenaiConfig): Promise<Engine> {
  switch (config.task) {
    case 'generate': {
      const { OpenaiChatEngine } = await import('./openai/openai-chat.engine.ts');
      return new OpenaiChatEngine(config);
    }
    case 'embed': {
      const { OpenaiEmbeddingEngine } = await import('./openai/openai-embedding.engine.ts');
      return new OpenaiEmbeddingEngine(config);
    }
    case 'score': {
      const { OpenaiRankEngine } = await import('./openai/openai-rank.engine.ts');
      return new OpenaiRankEngine(config);
    }
    case 'transcribe':
    case 'speak':
    case 'image': {
      const { OpenaiMediaEngine } = await import('./openai/openai-media.engine.ts');
      return new OpenaiMediaEngine(config, config.task);
    }
  }
}
