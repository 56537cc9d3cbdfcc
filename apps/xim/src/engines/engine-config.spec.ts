import { loadConfig } from '@xerotier/config';
import { settings } from '../config.ts';
import type { XimConfig } from '../config.ts';
import { createEngine } from './create-engine.ts';
import { engineConfigOf } from './engine-config.ts';

function engineSettings(env: Record<string, string>): XimConfig['engine'] {
  return loadConfig({ engine: settings.engine }, env).engine;
}

describe('engineConfigOf', () => {
  it('applies the defaults', () => {
    expect(engineConfigOf(engineSettings({ XIM_ENGINE: 'llama', XIM_MODEL_PATH: 'model.gguf' }))).toEqual({
      kind: 'llama',
      task: 'generate',
      modelPath: 'model.gguf',
      slots: 4,
      contextTokens: 4_096,
      threads: expect.any(Number),
    });
  });

  it('passes on the settings', () => {
    const env = {
      XIM_ENGINE: 'openai',
      XIM_UPSTREAM_URL: 'http://vllm:8000/v1',
      XIM_UPSTREAM_KEY: 'k',
      XIM_UPSTREAM_MODEL: 'm',
      XIM_SLOTS: '32',
      XIM_TASK: 'embed',
    };
    expect(engineConfigOf(engineSettings(env))).toMatchObject({
      baseUrl: 'http://vllm:8000/v1',
      apiKey: 'k',
      model: 'm',
      slots: 32,
      task: 'embed',
    });
  });

  it.each(['vllm', 'sglang', 'llama-server'])('uses a server of kind %s as any other, under its name', (kind) => {
    const server = { baseUrl: 'http://127.0.0.1:1/v1', apiKey: 'k', model: 'm' };
    expect(engineConfigOf(engineSettings({ XIM_ENGINE: kind, XIM_SLOTS: '32' }), server)).toMatchObject({
      kind: 'openai',
      name: kind,
      slots: 32,
      ...server,
    });
  });

  it.each([
    ['llama', 'XIM_MODEL_PATH'],
    ['openai', 'XIM_UPSTREAM_URL'],
  ])('names the missing setting of the %s engine', (kind, variable) => {
    expect(() => engineConfigOf(engineSettings({ XIM_ENGINE: kind }))).toThrow(variable);
  });

  it.each(['transcribe', 'speak', 'image'])('accepts the task %s for the openai engine only', (task) => {
    const more = { XIM_TASK: task, XIM_UPSTREAM_URL: 'http://vllm:8000/v1', XIM_MODEL_PATH: 'model.gguf' };
    expect(engineConfigOf(engineSettings({ ...more, XIM_ENGINE: 'openai' }))).toMatchObject({ task });
    for (const kind of ['llama', 'scripted']) {
      expect(() => engineConfigOf(engineSettings({ ...more, XIM_ENGINE: kind }))).toThrow('XIM_TASK');
    }
  });

  it('requires no other setting for the scripted engine', async () => {
    const engine = await createEngine(engineConfigOf(engineSettings({ XIM_ENGINE: 'scripted', XIM_SLOTS: '300' })));
    expect(engine).toMatchObject({ name: 'scripted', slots: 300 });
  });
});
