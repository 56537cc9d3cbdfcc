/**
 * Which files a model may consist of: an allow-list, since formats that run code when they are loaded (pickles in `.bin`, `.pt`
 * or `.ckpt`, Keras, Python) are too many to name, and new ones appear.
 */
import { ModelRejection } from './rejection.ts';

export type FileKind = 'gguf' | 'safetensors' | 'config' | 'index' | 'json' | 'template' | 'text' | 'opaque';

const KIB = 1_024;
const MIB = 1_024 * KIB;
const WEIGHTS_BYTES_MAX = Number.MAX_SAFE_INTEGER;
const WEIGHTS = /^[A-Za-z0-9][\w.+-]{0,199}\.(gguf|safetensors)$/;
/** With a suffix, such as LICENSE-MIT.txt, but never LICENSE.py. */
const LICENSE = /^LICEN[CS]E(?:[-_][\w-]{1,50})?(?:\.(?:txt|md))?$/;

interface KindOfFile {
  readonly kind: FileKind;
  readonly bytesMax: number;
}

/** `opaque` is not looked into: the protocol buffer of a tokenizer, which holds no code. */
const NAMED: ReadonlyMap<string, KindOfFile> = new Map([
  ['config.json', { kind: 'config', bytesMax: MIB }],
  ['generation_config.json', { kind: 'config', bytesMax: MIB }],
  ['tokenizer_config.json', { kind: 'config', bytesMax: 4 * MIB }],
  ['special_tokens_map.json', { kind: 'json', bytesMax: MIB }],
  ['tokenizer.json', { kind: 'json', bytesMax: 64 * MIB }],
  ['vocab.json', { kind: 'json', bytesMax: 16 * MIB }],
  ['model.safetensors.index.json', { kind: 'index', bytesMax: 32 * MIB }],
  ['merges.txt', { kind: 'text', bytesMax: 16 * MIB }],
  ['tokenizer.model', { kind: 'opaque', bytesMax: 16 * MIB }],
  ['chat_template.jinja', { kind: 'template', bytesMax: 64 * KIB }],
  ['README.md', { kind: 'text', bytesMax: MIB }],
]);

const ACCEPTED = `a model consists of *.gguf files, or of *.safetensors files with config.json, and may have ${[
  ...NAMED.keys(),
]
  .filter((name) => name !== 'config.json')
  .join(', ')} and LICENSE`;

/**
 * @throws {ModelRejection} for a name that is not accepted, which covers every path as well, and for a file that is larger than
 * those of its kind.
 */
export function kindOfFile({ name, size }: { readonly name: string; readonly size: number }): FileKind {
  const found = kindOfName(name);
  if (found === undefined) throw new ModelRejection(`it is of no kind that is accepted; ${ACCEPTED}`, name);
  if (size > found.bytesMax) throw new ModelRejection(`it has more than ${found.bytesMax} bytes`, name);
  return found.kind;
}

function kindOfName(name: string): KindOfFile | undefined {
  const weights = WEIGHTS.exec(name)?.[1] as 'gguf' | 'safetensors' | undefined;
  if (weights !== undefined) return { kind: weights, bytesMax: WEIGHTS_BYTES_MAX };
  return NAMED.get(name) ?? (LICENSE.test(name) ? { kind: 'text', bytesMax: MIB } : undefined);
}
