import { logContext, withLogContext } from '@xerotier/log';
import { attribute } from './attributes.ts';
import {
  disableSpans,
  endSpan,
  enableSpans,
  SpanKind,
  spansEnabled,
  startSpan,
  traceparentOf,
  withSpan,
} from './spans.ts';
import { recordedSpans } from './testing.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const PARENT = `00-${TRACE}-${SPAN}-01`;
const kind = SpanKind.INTERNAL;

const spans = recordedSpans();

describe('a span', () => {
  it('continues the trace of the log context, and replaces it while it is active', () => {
    withLogContext({ requestId: 'req_1', traceparent: PARENT, tracestate: 'v=1' }, () => {
      const outer = startSpan('outer', { kind });
      withSpan(outer, () => {
        expect(logContext()).toEqual({ requestId: 'req_1', traceparent: traceparentOf(outer), tracestate: 'v=1' });
        endSpan(startSpan('inner', { kind }));
      });
      expect(logContext()?.traceparent).toBe(PARENT);
      endSpan(outer);
    });
    const [outer, inner] = [spans.named('outer'), spans.named('inner')];
    expect(outer.spanContext()).toMatchObject({ traceId: TRACE });
    expect(outer.parentSpanContext).toMatchObject({ spanId: SPAN });
    expect(outer.spanContext().traceState?.serialize()).toBe('v=1');
    expect(inner.spanContext().traceId).toBe(TRACE);
    expect(inner.parentSpanContext?.spanId).toBe(outer.spanContext().spanId);
  });

  it('starts a new trace without a parent, or if requested', () => {
    endSpan(startSpan('alone', { kind }));
    withLogContext({ traceparent: PARENT }, () => endSpan(startSpan('apart', { kind, parent: null })));
    for (const name of ['alone', 'apart']) {
      expect(spans.named(name).parentSpanContext).toBeUndefined();
      expect(spans.named(name).spanContext().traceId).not.toBe(TRACE);
    }
  });

  it('is linked to the given traces, and ignores invalid ones', () => {
    endSpan(startSpan('linked', { kind, links: [{ traceparent: PARENT }, { traceparent: 'no' }, {}] }));
    expect(spans.named('linked').links.map(({ context }) => context.spanId)).toEqual([SPAN]);
  });

  it('that is not sampled is not recorded, and propagates the flag', () => {
    const span = startSpan('unsampled', { kind, parent: { traceparent: `00-${TRACE}-${SPAN}-00` } });
    expect(traceparentOf(span)).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
    endSpan(span);
    expect(spans.ended()).toEqual([]);
  });

  it.each([
    ['client', 404, false, 2],
    ['client', 500, false, 2],
    ['server', 404, true, 0],
    ['server', 503, true, 2],
  ])(
    'of a %s with an error of status %i has its code, and the status of the conventions',
    (_, status, isServer, statusCode) => {
      endSpan(startSpan('failed', { kind }), { code: 'x.y', status }, isServer);
      expect(spans.named('failed').attributes).toEqual({ [attribute.errorType]: 'x.y' });
      expect(spans.named('failed').status.code).toBe(statusCode);
    },
  );
});

describe('without tracing', () => {
  beforeAll(() => disableSpans());
  afterAll(() => enableSpans());

  it('records nothing, and keeps the log context', () => {
    withLogContext({ traceparent: PARENT }, () => {
      const span = startSpan('off', { kind });
      expect(traceparentOf(span)).toBeUndefined();
      withSpan(span, () => expect(logContext()).toEqual({ traceparent: PARENT }));
      endSpan(span, { code: 'x.y', status: 500 });
    });
    expect(spansEnabled()).toBe(false);
    expect(spans.ended()).toEqual([]);
  });
});
