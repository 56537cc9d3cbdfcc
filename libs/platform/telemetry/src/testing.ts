/** Spans for tests: recorded in memory. */
import { trace } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { disableSpans, enableSpans } from './spans.ts';

export type { ReadableSpan };

export interface RecordedSpans {
  /** Ended spans, in the order of their ends. */
  ended(): ReadableSpan[];
  /** Returns the ended span with this name. @throws {Error} unless there is exactly one. */
  named(name: string): ReadableSpan;
}

/** To be called at the top of a file: enables tracing, and clears the spans before each test. */
export function recordedSpans(): RecordedSpans {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  beforeAll(() => {
    trace.setGlobalTracerProvider(provider);
    enableSpans();
  });
  beforeEach(() => exporter.reset());
  afterAll(async () => {
    disableSpans();
    trace.disable();
    await provider.shutdown();
  });
  const ended = (): ReadableSpan[] => exporter.getFinishedSpans();
  return {
    ended,
    named: (name) => {
      const [found, ...others] = ended().filter((span) => span.name === name);
      const names = ended().map((span) => span.name);
      if (found === undefined) throw new Error(`no span '${name}' among ${names.join(', ')}`);
      if (others.length > 0) throw new Error(`several spans '${name}' among ${names.join(', ')}`);
      return found;
    },
  };
}
