export { fitOf, loadOf, UTILIZATION_DEFAULT } from './memory/fit-of.ts';
export type { Fit, Wish, WorkerGpus } from './memory/fit-of.ts';
export { kvBytesPerToken, memoryOf, stateBytesPerSequence } from './memory/memory-of.ts';
export type { KvType, Load, MemoryUse } from './memory/memory-of.ts';
export { shapeOfConfig } from './shape/config-shape.ts';
export { shapeOfGguf } from './shape/gguf-shape.ts';
export { InvalidModelField } from './shape/model-fields.ts';
export { unknownShape } from './shape/model-shape.ts';
export type { KnownWeights } from './shape/model-shape.ts';
