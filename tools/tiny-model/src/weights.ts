/**
 * Random weights, except for two reserved dimensions. No layer writes to these, so they reach the output exactly as in
 * the embedding of the last token:
 *
 * - dimension 0 is the same for every token, which gives the output a fixed offset per token: bytes, fragments and
 * special tokens are practically never generated, and a turn ends after about a hundred tokens;
 * - dimension 1 is set for the newline alone, which the chat template writes before a completion, and prevents the turn
 * from ending there: a completion is never empty.
 *
 * The end of a turn has no random part, so it is never the most likely token: at temperature 0 a completion continues
 * to its limit.
 */
import type { Tensor } from './gguf-writer.ts';
import type { Random } from './random.ts';
import type { TokenRole, VocabularyEntry } from './vocabulary.ts';

export const shape = {
  layers: 4,
  dimensions: 64,
  heads: 4,
  feedForward: 192,
  contextTokens: 4_096,
} as const;

const CONSTANT_DIMENSION = 0;
const NEWLINE_DIMENSION = 1;
const FREE_DIMENSIONS_FROM = 2;
const CONSTANT = 2;
const NEWLINE_MARK = 4;
const FORBIDDEN = -30;

/** Standard deviations of one layer's contribution to the residual stream, and of one weight of the output matrix. */
const LAYER_DEVIATION = 0.5;
const OUTPUT_DEVIATION = 0.32;

const offsets: Record<TokenRole, number> = {
  special: FORBIDDEN,
  byte: FORBIDDEN,
  newline: FORBIDDEN,
  fragment: FORBIDDEN,
  'end-of-turn': 2,
  punctuation: 1,
  word: 0,
};

export function buildTensors(vocabulary: readonly VocabularyEntry[], random: Random): Tensor[] {
  const { dimensions, feedForward } = shape;
  const tensors: Tensor[] = [
    { name: 'token_embd.weight', shape: [dimensions, vocabulary.length], data: embeddings(vocabulary, random) },
  ];
  for (let layer = 0; layer < shape.layers; layer += 1) {
    const add = (name: string, inputs: number, outputs: number, protect: boolean): void => {
      const data = matrix(inputs, outputs, random, protect);
      tensors.push({ name: `blk.${layer}.${name}.weight`, shape: [inputs, outputs], data });
    };
    tensors.push(ones(`blk.${layer}.attn_norm.weight`));
    add('attn_q', dimensions, dimensions, false);
    add('attn_k', dimensions, dimensions, false);
    add('attn_v', dimensions, dimensions, false);
    add('attn_output', dimensions, dimensions, true);
    tensors.push(ones(`blk.${layer}.ffn_norm.weight`));
    add('ffn_gate', dimensions, feedForward, false);
    add('ffn_up', dimensions, feedForward, false);
    add('ffn_down', feedForward, dimensions, true);
  }
  tensors.push(ones('output_norm.weight'));
  tensors.push({ name: 'output.weight', shape: [dimensions, vocabulary.length], data: output(vocabulary, random) });
  return tensors;
}

function ones(name: string): Tensor {
  return { name, shape: [shape.dimensions], data: new Float32Array(shape.dimensions).fill(1) };
}

function embeddings(vocabulary: readonly VocabularyEntry[], random: Random): Float32Array {
  return rows(vocabulary, (entry, row) => {
    row[CONSTANT_DIMENSION] = CONSTANT;
    row[NEWLINE_DIMENSION] = entry.role === 'newline' ? NEWLINE_MARK : 0;
    for (let i = FREE_DIMENSIONS_FROM; i < row.length; i += 1) row[i] = random.normal(1);
  });
}

function output(vocabulary: readonly VocabularyEntry[], random: Random): Float32Array {
  return rows(vocabulary, (entry, row) => {
    row[CONSTANT_DIMENSION] = offsets[entry.role];
    if (entry.role === 'end-of-turn') {
      row[NEWLINE_DIMENSION] = FORBIDDEN;
      return;
    }
    for (let i = FREE_DIMENSIONS_FROM; i < row.length; i += 1) row[i] = random.normal(OUTPUT_DEVIATION);
  });
}

function rows(
  vocabulary: readonly VocabularyEntry[],
  fill: (entry: VocabularyEntry, row: Float32Array) => void,
): Float32Array {
  const data = new Float32Array(vocabulary.length * shape.dimensions);
  vocabulary.forEach((entry, index) => {
    fill(entry, data.subarray(index * shape.dimensions, (index + 1) * shape.dimensions));
  });
  return data;
}

/**
 * Creates a random matrix, one row per output; `protect` sets the rows that would write to the two reserved dimensions
 * to 0.
 */
function matrix(inputs: number, outputs: number, random: Random, protect: boolean): Float32Array {
  const deviation = (protect ? LAYER_DEVIATION : 1) / Math.sqrt(inputs);
  const data = new Float32Array(inputs * outputs);
  for (let i = protect ? FREE_DIMENSIONS_FROM * inputs : 0; i < data.length; i += 1) data[i] = random.normal(deviation);
  return data;
}
