export { ChoiceCollector } from './choice-collector.ts';
export type { Choice, ChunkChoice, ToolCallDelta } from './choice.ts';
