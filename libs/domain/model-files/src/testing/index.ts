export { ARCHITECTURE, aNumber, aText, ggufBytes } from './gguf-bytes.ts';
export { safetensorsBytes } from './safetensors-bytes.ts';
export { tarOf } from './tar-bytes.ts';
export type { TarEntry } from './tar-bytes.ts';
