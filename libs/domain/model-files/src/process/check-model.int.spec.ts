import { AppError } from '@xerotier/errors';
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { ARCHITECTURE, aText, ggufBytes } from '../testing/gguf-bytes.ts';
import { memoryFile } from '../testing/memory-file.ts';
import { safetensorsBytes } from '../testing/safetensors-bytes.ts';
import { checkInProcess, checkModel } from './check-model.ts';

const MODELS = new URL('../../../../../tools/bundled-models/models/', import.meta.url);
const fixture = (name: string): URL => new URL(`../../test/${name}-process.ts`, import.meta.url);
const small = memoryFile('m.gguf', ggufBytes());

/** Processes that this one has started and that run. */
function children(): string[] {
  const listed = execFileSync('ps', ['-o', 'args=', '--ppid', String(process.pid)], { encoding: 'utf8' });
  return listed.split('\n').filter((args) => args.includes('-process.ts'));
}

afterEach(() => {
  expect(children()).toEqual([]);
});

describe('checkModel', () => {
  it.each([
    ['xero-tiny.gguf', { name: 'xero-tiny', contextLength: 2_048, parameterCount: 4_295_424, quantization: 'Q8_0' }],
    ['xero-embed.gguf', { name: 'xero-embed', contextLength: 512, parameterCount: 1_721_664, quantization: 'Q8_0' }],
  ])('accepts %s, and reads its header only', async (name, expected) => {
    const file = memoryFile(name, await readFile(new URL(name, MODELS)));
    const facts = await checkModel([file]);
    expect(facts).toMatchObject({ format: 'gguf', architecture: 'llama', ...expected });
    expect(facts.shape).toMatchObject({
      ...{ kind: 'decoder', weightSource: 'tensors', parameters: expected.parameterCount },
      ...{ contextTokens: expected.contextLength, caches: [{ kind: 'attention', keySize: 32, valueSize: 32 }] },
    });
    expect(file.bytesRead()).toBeLessThanOrEqual(1_048_576);
  });

  it('accepts a safetensors model whose header takes several messages', async () => {
    const tensors = Array.from({ length: 30_000 }, (_, at) => [
      `layer.${at}.weight`,
      { dtype: 'U8', shape: [1], data_offsets: [at, at + 1] },
    ]);
    const weights = safetensorsBytes(Object.fromEntries(tensors), tensors.length);
    const files = [memoryFile('config.json', '{"model_type":"x"}'), memoryFile('model.safetensors', weights)];
    expect(await checkModel(files)).toMatchObject({
      format: 'safetensors',
      parameterCount: 30_000,
      quantization: 'U8',
    });
  });

  it('rejects files and models with their reasons', async () => {
    const loop = '{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}';
    const bytes = ggufBytes({ pairs: [ARCHITECTURE, aText('tokenizer.chat_template', loop)] });
    await expect(checkModel([memoryFile('m.gguf', bytes)])).rejects.toMatchObject({
      code: 'model.invalid_file',
      message:
        'The file "m.gguf" of the model was rejected: its chat template takes more than 20000 steps for a short conversation.',
    });
    await expect(checkModel([])).rejects.toMatchObject({
      code: 'model.invalid',
      status: 400,
      message: 'The model was rejected: it has no GGUF or safetensors file.',
    });
  });

  it('stops a check that takes too much memory: a huge header', async () => {
    const header = `{"__metadata__":{${Array.from({ length: 1_500_000 }, (_, at) => `"${at}":""`).join()}}}`;
    const files = [
      memoryFile('config.json', '{"model_type":"x"}'),
      memoryFile('a.safetensors', safetensorsBytes(header)),
    ];
    await expect(checkModel(files, { memoryMb: 64 })).rejects.toMatchObject({
      code: 'model.check_stopped',
      message: 'The check of the model was stopped: it needed more than 64 MiB of memory.',
    });
  });

  it('stops a check that waits for content that does not come', async () => {
    const file = {
      ...small,
      read: () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) }),
    };
    await expect(checkModel([file], { timeoutMs: 500 })).rejects.toMatchObject({ code: 'model.check_stopped' });
  });

  it('fails with the error of the store when the content cannot be read', async () => {
    const failure = new AppError('store.unavailable');
    const read = (): AsyncIterable<Uint8Array> => ({
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(failure) }),
    });
    await expect(checkModel([{ ...small, read }])).rejects.toBe(failure);
  });

  it('does not accept fewer bytes than the file has', async () => {
    await expect(checkModel([{ ...small, size: small.size + 100_000 }])).rejects.toThrow(
      'The store returned other than',
    );
  });

  it('checks several models at once', async () => {
    const results = await Promise.allSettled([checkModel([small]), checkModel([]), checkModel([small])]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});

describe('the process of a check', () => {
  it('is killed when it does not end, and its parent goes on', async () => {
    const check = checkInProcess(fixture('endless'), [small], { timeoutMs: 300 });
    await expect(check).rejects.toMatchObject({
      code: 'model.check_stopped',
      message: 'The check of the model was stopped: it took more than 300 ms.',
    });
    await expect(checkModel([small])).resolves.toBeDefined();
  });

  it.each(['heap', 'outside'])('is killed when it takes too much memory (%s)', async (where) => {
    const check = checkInProcess(fixture('greedy'), [{ ...small, name: where }], { memoryMb: 64 });
    await expect(check).rejects.toMatchObject({
      code: 'model.check_stopped',
      message: 'The check of the model was stopped: it needed more than 64 MiB of memory.',
    });
  });

  it.each([
    ['exit', 'The confined process ended with 7.'],
    ['throw', 'The check of a model failed: TypeError: x'],
    ['range', 'The check of a model asked for an invalid range.'],
    ['file', 'The check of a model asked for an invalid range.'],
    ['end', 'The check of a model asked for an invalid range.'],
  ])('fails as a defect, not as an invalid model (%s)', async (what, message) => {
    const tiny = { ...small, name: what, size: what === 'end' ? 2 : 2 ** 22 };
    const error: unknown = await checkInProcess(fixture('defective'), [tiny], {}).catch((thrown: unknown) => thrown);
    expect(AppError.is(error)).toBe(false);
    expect((error as Error).message).toBe(message);
  });

  it('reaches no files, processes, threads, environment or generated code', async () => {
    const { architecture } = await checkInProcess(fixture('curious'), [small], {});
    expect(architecture).toBe('read: no, list: no, write: no, execute: no, thread: no, evaluate: no, environment: no');
  });
});
