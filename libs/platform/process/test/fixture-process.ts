/** A service whose behaviour is set by its mode, for tests of startup and shutdown. */
import { setting } from '@xerotier/config';
import { endSpan, SpanKind, startSpan } from '@xerotier/telemetry';
import { createRequire } from 'node:module';
import { z } from 'zod';
import { runProcess, serviceSettings } from '../src/index.ts';

const settings = {
  service: serviceSettings,
  mode: setting('FIXTURE_MODE', z.string().default('orderly'), 'What the fixture does.'),
  required: setting('FIXTURE_REQUIRED', z.string(), 'Must be there.'),
} as const;

const forever = new Promise<never>(() => setInterval(() => undefined, 1_000));

await runProcess('fixture', settings, async ({ mode }, log) => {
  if (mode === 'fails to start') throw new Error('the model file is missing');
  if (mode === 'stops while starting') {
    process.kill(process.pid, 'SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  if (mode === 'never starts') {
    log.info('starting');
    await forever;
  }
  if (mode === 'makes a span') {
    endSpan(startSpan('work', { kind: SpanKind.INTERNAL }));
    const loaded = Object.keys(createRequire(import.meta.url).cache);
    log.info(loaded.some((path) => path.includes('@opentelemetry/sdk-trace')) ? 'sdk loaded' : 'no sdk');
  }
  if (mode === 'throws later') setTimeout(() => failLater(), 50);
  if (mode === 'rejects later') setTimeout(() => void Promise.reject(new Error('nobody looked')), 50);
  return {
    readiness: {
      good: () => true,
      bad: () => {
        if (mode === 'check throws') throw new Error('not connected');
        return mode !== 'check returns false';
      },
    },
    announce: { port: 4711 },
    drain: async (signal) => {
      log.info('draining');
      signal.addEventListener('abort', () => log.info('cut off'));
      if (mode === 'never drains') await forever;
      if (mode === 'drain fails') throw new Error('could not drain');
      if (mode === 'drains until cut off') await new Promise((resolve) => signal.addEventListener('abort', resolve));
    },
    close: async () => {
      log.info('closing');
      if (mode === 'never closes') await forever;
      if (mode === 'close fails') throw new Error('could not close');
    },
  };
});

function failLater(): never {
  throw new Error('a defect');
}
