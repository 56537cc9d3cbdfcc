import { ModelRejection } from '../files/rejection.ts';
import { ARCHITECTURE, aList, aNumber, aText, ggufBytes } from '../testing/gguf-bytes.ts';
import { memoryFile } from '../testing/memory-file.ts';
import { safetensorsBytes } from '../testing/safetensors-bytes.ts';
import { inspectModel } from './inspect-model.ts';
import type { ModelFacts } from './model-facts.ts';

type Files = Readonly<Record<string, Uint8Array | string>>;

const CONFIG = { architectures: ['LlamaForCausalLM'], max_position_embeddings: 4_096, torch_dtype: 'bfloat16' };
const LOOP = '{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}';

function inspect(files: Files): Promise<ModelFacts> {
  return inspectModel(Object.entries(files).map(([name, content]) => memoryFile(name, content)));
}

/** A valid safetensors model with these files besides, or instead. */
const model = (files: Files = {}): Files => ({
  'config.json': JSON.stringify(CONFIG),
  'model.safetensors': safetensorsBytes(),
  ...files,
});
const withConfig = (fields: object): Files => model({ 'config.json': JSON.stringify({ ...CONFIG, ...fields }) });
const withTokenizer = (fields: unknown): Files => model({ 'tokenizer_config.json': JSON.stringify(fields) });
const oneTensor = (name: string): Buffer =>
  safetensorsBytes({ [name]: { dtype: 'F32', shape: [4], data_offsets: [0, 16] } });
const inParts = (index: unknown): Files => ({
  'config.json': JSON.stringify(CONFIG),
  'model-1.safetensors': oneTensor('a'),
  'model-2.safetensors': oneTensor('b'),
  'model.safetensors.index.json': JSON.stringify(index),
});
const part = (no: number, count: number, architecture = true): Buffer =>
  ggufBytes({
    pairs: [...(architecture ? [ARCHITECTURE] : []), aNumber('split.no', no), aNumber('split.count', count)],
  });

describe('inspectModel', () => {
  it('describes a safetensors model by its configuration', async () => {
    expect(await inspect(model())).toEqual({
      format: 'safetensors',
      architecture: 'LlamaForCausalLM',
      contextLength: 4_096,
      parameterCount: 7,
      quantization: 'BF16',
      chatTemplate: undefined,
    });
    const other = { architectures: null, model_type: 'llava', text_config: { max_position_embeddings: 2_048 } };
    const quantized = { quantization_config: { quant_method: 'awq' } };
    expect(await inspect(model({ 'config.json': JSON.stringify({ ...other, ...quantized }) }))).toMatchObject({
      architecture: 'llava',
      contextLength: 2_048,
      quantization: 'awq',
    });
    const silent = { model_type: 'x', max_position_embeddings: 'many' };
    const facts = await inspect(model({ 'config.json': JSON.stringify(silent) }));
    expect(facts).toMatchObject({ contextLength: undefined, quantization: 'BF16' });
  });

  it('describes a GGUF model by its metadata', async () => {
    const pairs = [
      ARCHITECTURE,
      aText('general.name', 'Tiny'),
      aNumber('general.file_type', 15),
      aNumber('llama.context_length', 8_192),
      aText('tokenizer.chat_template', '{{ 1 }}'),
    ];
    expect(await inspect({ 'm.gguf': ggufBytes({ pairs }), 'README.md': '# Tiny' })).toEqual({
      format: 'gguf',
      architecture: 'llama',
      name: 'Tiny',
      contextLength: 8_192,
      parameterCount: 32,
      quantization: 'Q4_K_M',
      chatTemplate: '{{ 1 }}',
    });
    expect(await inspect({ 'm.gguf': ggufBytes() })).toMatchObject({ quantization: 'F32', contextLength: undefined });
  });

  it('finds out what decides how much memory it takes', async () => {
    const sizes = { hidden_size: 64, intermediate_size: 128, num_hidden_layers: 2, num_attention_heads: 4 };
    const cache = { kind: 'attention', layers: 2, kvHeads: 4, keySize: 16, valueSize: 16 };
    const { shape } = await inspect(withConfig({ ...sizes, vocab_size: 100, 'a.b': { c: [1] } }));
    // Six elements of 16 bits and one of 32.
    expect(shape).toMatchObject({ kind: 'decoder', caches: [cache], weightBytes: 16, weightSource: 'tensors' });

    const numbers = { block_count: 2, embedding_length: 64, feed_forward_length: 128, 'attention.head_count': 4 };
    const pairs = Object.entries(numbers).map(([key, value]) => aNumber(`llama.${key}`, value));
    const perLayer = aList('llama.attention.head_count_kv', 4, 2, 4, 4);
    const gguf = ggufBytes({ pairs: [ARCHITECTURE, ...pairs, perLayer] });
    expect((await inspect({ 'm.gguf': gguf })).shape).toMatchObject({ caches: [cache], weightBytes: 128 });
  });

  it('accepts a model of which memory cannot be computed', async () => {
    expect((await inspect(withConfig({ num_hidden_layers: -1 }))).shape).toBeUndefined();
    expect((await inspect(withConfig({ architectures: ['TelepathForCausalLM'] }))).shape).toMatchObject({
      ...{ kind: 'unknown', weightBytes: 16 },
    });
  });

  it('accepts a model in parts, and one with a projector', async () => {
    const index = { metadata: {}, weight_map: { a: 'model-1.safetensors', b: 'model-2.safetensors' } };
    expect((await inspect(inParts(index))).parameterCount).toBe(8);
    expect((await inspect({ 'a.gguf': part(0, 2), 'b.gguf': part(1, 2, false) })).parameterCount).toBe(64);
    const projector = ggufBytes({ pairs: [aText('general.architecture', 'clip')] });
    expect(await inspect({ 'a.gguf': projector, 'b.gguf': ggufBytes() })).toMatchObject({ architecture: 'llama' });
  });

  it('accepts all files that go with a model', async () => {
    const files = {
      'generation_config.json': '{"trust_remote_code": false}',
      'tokenizer.json': '{"model": {"vocab": {".py": 1}}}',
      'tokenizer_config.json': '{"added_tokens_decoder": {"0": {"content": ".py"}}}',
      'special_tokens_map.json': '{}',
      'vocab.json': '{"a": 1}',
      'merges.txt': 'a b',
      'tokenizer.model': Buffer.from([0, 255]),
      'chat_template.jinja': '{{ 1 }}',
      'README.md': '# A model',
      LICENSE: 'MIT',
      'LICENSE-APACHE.txt': 'Apache-2.0',
    };
    expect(await inspect(model(files))).toMatchObject({ chatTemplate: '{{ 1 }}' });
  });

  it('takes the template of the tokenizer, or its default one', async () => {
    expect(await inspect(withTokenizer({ chat_template: '{{ 1 }}' }))).toMatchObject({ chatTemplate: '{{ 1 }}' });
    const named = [
      { name: 'tool_use', template: '{{ 2 }}' },
      { name: 'default', template: '{{ 3 }}' },
    ];
    expect(await inspect(withTokenizer({ chat_template: named }))).toMatchObject({ chatTemplate: '{{ 3 }}' });
  });

  it.each<[string, Files, string, string?]>([
    ['nothing', {}, 'no GGUF or safetensors file'],
    ['a configuration alone', { 'config.json': '{}' }, 'no GGUF or safetensors file'],
    ['both formats', model({ 'm.gguf': ggufBytes() }), 'GGUF and safetensors files'],
    ['safetensors without configuration', { 'model.safetensors': safetensorsBytes() }, 'config.json is missing'],
    ['a pickle', model({ 'pytorch_model.bin': 'x' }), 'accepted', 'pytorch_model.bin'],
    ['a Python file', model({ 'modeling.py': 'x' }), 'accepted', 'modeling.py'],
    ['a path', model({ '../config.json': '{}' }), 'accepted', '../config.json'],
    ['a name in two cases', { 'a.gguf': ggufBytes(), 'A.gguf': ggufBytes() }, 'occurs twice'],
    [
      'a large configuration',
      model({ 'config.json': ' '.repeat(1_048_577) }),
      'more than 1048576 bytes',
      'config.json',
    ],
    ['a pickle with another name', model({ 'model.safetensors': '\x80\x02}q\x00.' }), '', 'model.safetensors'],
    ['a zip file with another name', { 'm.gguf': 'PK\x03\x04' }, 'does not', 'm.gguf'],

    ['auto_map', withConfig({ auto_map: {} }), 'auto_map', 'config.json'],
    ['auto_map of a part', withConfig({ vision_config: { auto_map: {} } }), 'auto_map', 'config.json'],
    ['auto_map in a list', withConfig({ parts: [{ auto_map: {} }] }), 'auto_map', 'config.json'],
    ['auto_map of a tokenizer', withTokenizer({ auto_map: {} }), 'auto_map', 'tokenizer_config.json'],
    [
      'auto_map of generation',
      model({ 'generation_config.json': '{"auto_map":{}}' }),
      'auto_map',
      'generation_config.json',
    ],
    ['trust', withConfig({ trust_remote_code: true }), 'trust_remote_code', 'config.json'],
    ['trust as a number', withConfig({ trust_remote_code: 1 }), 'trust_remote_code', 'config.json'],
    ['a Python file in the configuration', withConfig({ a: ['modeling.py'] }), 'Python file', 'config.json'],
    ['a Python file of another repository', withConfig({ a: { b: 'x/y--modeling.PY' } }), 'Python file', 'config.json'],
    ['a Python file as a key', withConfig({ 'a.pyc': 1 }), 'Python file', 'config.json'],
    ['a configuration that is a list', model({ 'config.json': '[]' }), 'not a JSON object', 'config.json'],
    ['a configuration that is no JSON', model({ 'config.json': '{' }), 'not valid JSON', 'config.json'],
    ['a configuration with a key twice', model({ 'config.json': '{"a":1,"a":2}' }), 'twice', 'config.json'],
    ['a deep configuration', model({ 'config.json': `{"a":${'['.repeat(40)}` }), 'levels deep', 'config.json'],
    ['no architecture', model({ 'config.json': '{}' }), 'names no architecture'],
    [
      'an architecture with control characters',
      model({ 'config.json': '{"model_type":"a\\nb"}' }),
      'names no architecture',
    ],

    ['a vocabulary that is no JSON', model({ 'vocab.json': '{' }), 'not valid JSON', 'vocab.json'],
    ['merges that are no text', model({ 'merges.txt': Buffer.from([0xff]) }), 'not UTF-8', 'merges.txt'],
    ['a README with NUL characters', model({ 'README.md': 'a\0b' }), 'not UTF-8', 'README.md'],

    ['an index without map', inParts({}), 'no weight_map', 'model.safetensors.index.json'],
    ['an index of numbers', inParts({ weight_map: { a: 1 } }), 'something else', 'model.safetensors.index.json'],
    ['an index with a path', inParts({ weight_map: { a: '/etc/passwd' } }), 'is not there'],
    ['an index with another file', inParts({ weight_map: { a: 'pytorch_model.bin' } }), 'is not there'],
    ['an index with the wrong file', inParts({ weight_map: { a: 'model-2.safetensors' } }), 'is not there'],
    ['a tensor in two files', model({ 'other.safetensors': safetensorsBytes() }), 'is in two files'],
    ['no tensors', model({ 'model.safetensors': safetensorsBytes('{}', 0) }), 'no tensors'],
    ['no GGUF tensors', { 'm.gguf': ggufBytes({ tensors: [], dataBytes: 0 }) }, 'no tensors'],

    ['no general.architecture', { 'm.gguf': ggufBytes({ pairs: [] }) }, 'general.architecture'],
    ['a missing part', { 'a.gguf': part(0, 2) }, 'parts of its GGUF file are missing'],
    ['a part twice', { 'a.gguf': part(0, 2), 'b.gguf': part(0, 2) }, 'parts of its GGUF file are missing'],
    [
      'a part too many',
      { 'a.gguf': part(0, 2), 'b.gguf': part(1, 2), 'c.gguf': part(1, 2) },
      'missing, or there are too many',
    ],
    ['a part beyond', { 'a.gguf': part(0, 2), 'b.gguf': part(2, 2) }, 'parts of its GGUF file are missing'],

    ['a template that loops', model({ 'chat_template.jinja': LOOP }), 'steps', 'chat_template.jinja'],
    [
      'a template that is no text',
      model({ 'chat_template.jinja': Buffer.from([0xff]) }),
      'UTF-8',
      'chat_template.jinja',
    ],
    ['a template of a tokenizer that loops', withTokenizer({ chat_template: LOOP }), 'steps', 'tokenizer_config.json'],
    [
      'a named template that loops',
      withTokenizer({
        chat_template: [
          { name: 'default', template: '' },
          { name: 'x', template: LOOP },
        ],
      }),
      'steps',
      'tokenizer_config.json',
    ],
    ['a template that is a number', withTokenizer({ chat_template: 1 }), 'neither a text', 'tokenizer_config.json'],
    [
      'a template without text',
      withTokenizer({ chat_template: [{ name: 'a' }] }),
      'neither a text',
      'tokenizer_config.json',
    ],
    [
      'two templates of one name',
      withTokenizer({
        chat_template: [
          { name: 'default', template: LOOP },
          { name: 'default', template: '' },
        ],
      }),
      'different names',
      'tokenizer_config.json',
    ],
    ['many templates', withTokenizer({ chat_template: manyTemplates() }), 'neither a text', 'tokenizer_config.json'],
    ['no templates', withTokenizer({ chat_template: [] }), 'neither a text', 'tokenizer_config.json'],
    [
      'a GGUF template that loops',
      { 'm.gguf': ggufBytes({ pairs: [ARCHITECTURE, aText('tokenizer.chat_template', LOOP)] }) },
      'steps',
      'm.gguf',
    ],
    [
      'a named GGUF template that loops',
      { 'm.gguf': ggufBytes({ pairs: [ARCHITECTURE, aText('tokenizer.chat_template.tool_use', LOOP)] }) },
      'steps',
      'm.gguf',
    ],
    // With a fourth parameter, jest would pass a callback to rows without file.
  ])('rejects %s', async (...[, files, reason, file]) => {
    const error: unknown = await inspect(files).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ModelRejection);
    expect((error as ModelRejection).message).toContain(reason);
    expect((error as ModelRejection).file).toBe(file);
  });

  it('bounds the number of files', async () => {
    const many = Object.fromEntries(Array.from({ length: 1_001 }, (_, at) => [`${at}.gguf`, '']));
    await expect(inspect(many)).rejects.toThrow('more than 1000 files');
  });
});

function manyTemplates(): unknown {
  return Array.from({ length: 17 }, (_, at) => ({ name: `${at}`, template: '' }));
}
