/** Which engine can do what: the one place where a task that a worker cannot do is rejected. */
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
  speak: { capability: 'speak', supportedBy: ({ mediaTask }) => mediaTask === 'speak' },
  image: { capability: 'make images', supportedBy: ({ mediaTask }) => mediaTask === 'image' },
};

export function supports<T extends EndpointTask>(engine: Engine, task: T): engine is EngineOf[T] {
  return tasks[task].supportedBy(engine);
}

/** The engine, as one for this task. @throws {AppError} `inference.task_unsupported` when it, or its model, is for others. */
export function engineFor<T extends EndpointTask>(engine: Engine, task: T): EngineOf[T] {
  if (supports(engine, task)) return engine;
  throw new AppError('inference.task_unsupported', { task: tasks[task].capability });
}
