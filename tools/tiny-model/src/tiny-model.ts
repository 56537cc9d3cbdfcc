import { writeFile } from 'node:fs/promises';
import { encodeGguf } from './gguf-writer.ts';
import type { MetadataEntry } from './gguf-writer.ts';
import { Random } from './random.ts';
import { buildVocabulary, specialTokens } from './vocabulary.ts';
import type { VocabularyEntry } from './vocabulary.ts';
import { buildTensors, shape } from './weights.ts';

/** Changing it changes every completion of the model, and so the expectations of tests. */
const SEED = 20_261_120;
const ROPE_BASE = 10_000;
const NORM_EPSILON = 1e-5;

const CHAT_TEMPLATE =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/** Returns the bytes of the model file: identical on every machine. */
export function encodeTinyModel(): Buffer {
  const vocabulary = buildVocabulary();
  return encodeGguf(metadataOf(vocabulary), buildTensors(vocabulary, new Random(SEED)));
}

/**
 * Writes the model to `path`, replacing an existing file.
 * @throws the file system's error when the folder does not exist or is not writable.
 */
export async function writeTinyModel(path: string): Promise<void> {
  await writeFile(path, encodeTinyModel());
}

function metadataOf(vocabulary: readonly VocabularyEntry[]): MetadataEntry[] {
  const idOf = (piece: string): number => vocabulary.findIndex((entry) => entry.piece === piece);
  return [
    { key: 'general.architecture', type: 'string', value: 'llama' },
    { key: 'general.name', type: 'string', value: 'xerotier-tiny-random' },
    { key: 'general.description', type: 'string', value: 'Random weights: it says random words and knows nothing.' },
    { key: 'general.license', type: 'string', value: 'apache-2.0' },
    { key: 'general.file_type', type: 'uint32', value: 0 },
    { key: 'llama.vocab_size', type: 'uint32', value: vocabulary.length },
    { key: 'llama.context_length', type: 'uint32', value: shape.contextTokens },
    { key: 'llama.embedding_length', type: 'uint32', value: shape.dimensions },
    { key: 'llama.block_count', type: 'uint32', value: shape.layers },
    { key: 'llama.feed_forward_length', type: 'uint32', value: shape.feedForward },
    { key: 'llama.attention.head_count', type: 'uint32', value: shape.heads },
    { key: 'llama.attention.head_count_kv', type: 'uint32', value: shape.heads },
    { key: 'llama.attention.layer_norm_rms_epsilon', type: 'float32', value: NORM_EPSILON },
    { key: 'llama.rope.dimension_count', type: 'uint32', value: shape.dimensions / shape.heads },
    { key: 'llama.rope.freq_base', type: 'float32', value: ROPE_BASE },
    { key: 'tokenizer.ggml.model', type: 'string', value: 'llama' },
    { key: 'tokenizer.ggml.tokens', type: 'string', value: vocabulary.map((entry) => entry.piece) },
    { key: 'tokenizer.ggml.scores', type: 'float32', value: vocabulary.map((entry) => entry.score) },
    { key: 'tokenizer.ggml.token_type', type: 'int32', value: vocabulary.map((entry) => entry.type) },
    { key: 'tokenizer.ggml.unknown_token_id', type: 'uint32', value: idOf(specialTokens.unknown) },
    { key: 'tokenizer.ggml.bos_token_id', type: 'uint32', value: idOf(specialTokens.beginOfText) },
    { key: 'tokenizer.ggml.eos_token_id', type: 'uint32', value: idOf(specialTokens.endOfText) },
    { key: 'tokenizer.ggml.eot_token_id', type: 'uint32', value: idOf(specialTokens.endOfTurn) },
    { key: 'tokenizer.ggml.add_bos_token', type: 'bool', value: true },
    { key: 'tokenizer.ggml.add_eos_token', type: 'bool', value: false },
    { key: 'tokenizer.ggml.add_space_prefix', type: 'bool', value: false },
    { key: 'tokenizer.chat_template', type: 'string', value: CHAT_TEMPLATE },
  ];
}
