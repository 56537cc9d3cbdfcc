/** The service on an engine that does what a test says. */
import { emptyUsage } from '@xerotier/contracts/inference';
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { Logger } from '@xerotier/log';
import { silentLog } from '@xerotier/log/testing';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { contentChunk, finishChunk, headEvent, roleChunk } from '../../engines/chunk-events.ts';
import type { ChatEngine, EngineEvent, EngineJob, EngineParameter } from '../../engines/engine.ts';
import type { ReportedHealth } from '../../health/engine-health.ts';
import { alwaysHealthy } from '../../health/testing/always-healthy.ts';
import { GenerationsService } from '../generations.service.ts';

export type Script = (job: EngineJob, signal: AbortSignal) => AsyncGenerator<EngineEvent, TokenUsage>;

export function anEngine(script: Script, overrides: Partial<ChatEngine> = {}): ChatEngine {
  return {
    name: 'scripted',
    slots: 2,
    contextTokens: 100,
    fingerprint: 'fp_1',
    parameters: new Set<EngineParameter>(),
    generate: script,
    close: () => Promise.resolve(),
    ...overrides,
  };
}

export function newService(
  script: Script,
  overrides: Partial<ChatEngine> = {},
  health: ReportedHealth = alwaysHealthy,
  log: Logger = silentLog(),
): GenerationsService {
  return new GenerationsService(anEngine(script, overrides), health, { workerId: 'w1', modelId: 'm1' }, log);
}

export const USAGE: TokenUsage = { ...emptyUsage(), promptTokens: 3, completionTokens: 2 };

export const saysHello: Script = async function* ({ choiceIndex }) {
  yield headEvent(4_096);
  yield roleChunk(choiceIndex);
  yield contentChunk(choiceIndex, 'hel');
  yield contentChunk(choiceIndex, 'lo');
  yield finishChunk(choiceIndex, 'stop');
  return USAGE;
};

/** Generates tokens until it is aborted, and counts them. */
export const talksUntilAborted: Script = async function* (_job, signal) {
  yield headEvent();
  let completionTokens = 0;
  while (!signal.aborted) {
    yield contentChunk(0, 'x');
    completionTokens += 1;
    await nextTurn();
  }
  return { ...emptyUsage(), promptTokens: 3, completionTokens };
};
