export { ChoiceCollector } from './choice-collector.ts';
export { chunkOf } from './choice.ts';
export type { Choice, ChunkChoice, ToolCallDelta } from './choice.ts';
