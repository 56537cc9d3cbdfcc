/** What the model card says of the files, read from the files themselves. */
import { stat } from 'node:fs/promises';
import { readGgufFileInfo } from 'node-llama-cpp';
import { bundledModels } from './bundled-models.ts';

export interface ModelFacts {
  readonly architecture: string;
  readonly layers: number;
  readonly width: number;
  readonly parameters: number;
  readonly contextTokens: number;
  readonly bytes: number;
}

/** The longest texts of the training: `rebuild.ts` and `LENGTH_MAX` in `python/train_embed.py`. */
export const TRAINING_TOKENS = { chat: 1_024, embed: 48 } as const;

/** @throws an Error when the file is no GGUF file. */
export async function modelFacts(path: string): Promise<ModelFacts> {
  const { metadata, fullTensorInfo = [] } = await readGgufFileInfo(path, { logWarnings: false });
  const { architecture } = metadata.general;
  const {
    block_count: layers,
    embedding_length: width,
    context_length: contextTokens,
  } = metadata[architecture] as {
    block_count: number;
    embedding_length: number;
    context_length: number;
  };
  const parameters = fullTensorInfo.reduce(
    (sum, { dimensions }) => sum + dimensions.reduce<number>((product, size) => product * Number(size), 1),
    0,
  );
  return { architecture, layers, width, parameters, contextTokens, bytes: (await stat(path)).size };
}

/** The first table of the model card. */
export async function factsTable(): Promise<string> {
  const [chat, embed] = [await modelFacts(bundledModels.chat.path), await modelFacts(bundledModels.embed.path)];
  const shape = ({ architecture, layers, width, parameters }: ModelFacts): string =>
    `${architecture}, ${layers} layers, ${width} wide, ${(parameters / 1e6).toFixed(1)} million parameters`;
  const context = ({ contextTokens }: ModelFacts, trained: number): string =>
    `${count(contextTokens)} tokens; trained on up to ${count(trained)}`;
  const file = ({ bytes }: ModelFacts): string => `GGUF, 8-bit weights, ${(bytes / 1e6).toFixed(1)} MB`;
  return table([
    ['', bundledModels.chat.id, bundledModels.embed.id],
    ['For', 'chat, tools, reasoning, JSON', 'sentence vectors'],
    ['Shape', shape(chat), shape(embed)],
    ['Context', context(chat, TRAINING_TOKENS.chat), context(embed, TRAINING_TOKENS.embed)],
    ['File', file(chat), file(embed)],
    ['Language', 'English; some German, French and Spanish', 'English'],
    ['Trained on', "text that this folder's programs write", 'sentence pairs of the same origin'],
    ['License', 'Apache-2.0', 'Apache-2.0'],
  ]);
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** In the form that prettier gives a table. */
function table(rows: readonly (readonly string[])[]): string {
  const columns = rows[0] ?? [];
  const widths = columns.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const [head, ...body] = rows.map((row) => line(row.map((cell, at) => cell.padEnd(widths[at] as number))));
  return [head, line(widths.map((width) => '-'.repeat(width))), ...body].join('\n');
}
