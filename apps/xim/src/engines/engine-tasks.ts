/** The tasks that an engine supports. All requests for unsupported tasks are rejected here. */
import type { EndpointTask } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import type { ChatEngine, EmbeddingEngine, Engine, MediaEngine, RankEngine } from './engine.ts';

interface EngineOf {
  readonly generate: ChatEngine;
  readonly embed: EmbeddingEngine;
  readonly score: RankEngine;
  readonly transcribe: MediaEngine;
  readonly speak: MediaEngine;
  readonly image: MediaEngine;
}

interface TaskTraits {
  /** Completes "The workers of this model cannot ...". */
  readonly capability: string;
  readonly supportedBy: (engine: Partial<ChatEngine & EmbeddingEngine & RankEngine & MediaEngine>) => boolean;
}

const tasks: Readonly<Record<EndpointTask, TaskTraits>> = {
  generate: { capability: 'chat', supportedBy: ({ generate }) => generate !== undefined },
  embed: { capability: 'compute embeddings', supportedBy: ({ embed }) => embed !== undefined },
  score: { capability: 'score texts', supportedBy: ({ rank }) => rank !== undefined },
  transcribe: { capability: 'transcribe audio', supportedBy: ({ mediaTask }) => mediaTask === 'transcribe' },
  speak: { capability: 'generate speech', supportedBy: ({ mediaTask }) => mediaTask === 'speak' },
  image: { capability: 'generate images', supportedBy: ({ mediaTask }) => mediaTask === 'image' },
};

export function supports<T extends EndpointTask>(engine: Engine, task: T): engine is EngineOf[T] {
  return tasks[task].supportedBy(engine);
}

/** Returns the engine, typed for this task. @throws {AppError} `inference.task_unsupported` when it does not support the task. */
export function engineFor<T extends EndpointTask>(engine: Engine, task: T): EngineOf[T] {
  if (supports(engine, task)) return engine;
  throw new AppError('inference.task_unsupported', { task: tasks[task].capability });
}
