import fc from 'fast-check';
import { formatTraceparent, incomingTrace, parseTraceparent } from './trace-context.ts';

const hex = (length: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });
const notZero = (text: string): boolean => !/^0+$/.test(text);
const traceId = hex(32).filter(notZero);
const spanId = hex(16).filter(notZero);

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const PARENT = `00-${TRACE}-${SPAN}-01`;

describe('parseTraceparent', () => {
  it('parses the output of formatTraceparent', () => {
    fc.assert(
      fc.property(traceId, spanId, fc.constantFrom(0, 1), (trace, span, flags) => {
        const parsed = { traceId: trace, spanId: span, flags };
        expect(parseTraceparent(formatTraceparent(parsed))).toEqual(parsed);
      }),
    );
  });

  it('never throws, and only ever returns valid ids', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.tuple(hex(2), hex(32), hex(16), hex(2)).map((parts) => parts.join('-')),
        ),
        (text) => {
          const parsed = parseTraceparent(text);
          if (parsed === undefined) return;
          expect(parsed.traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
          expect(parsed.spanId).toMatch(/^(?!0{16})[0-9a-f]{16}$/);
        },
      ),
    );
  });

  it('parses later versions up to the flags', () => {
    expect(parseTraceparent(`01-${TRACE}-${SPAN}-01-more`)).toEqual({ traceId: TRACE, spanId: SPAN, flags: 1 });
  });

  it.each([
    ['nothing', undefined],
    ['an empty value', ''],
    ['version ff', `ff-${TRACE}-${SPAN}-01`],
    ['more than version 00 has', `${PARENT}-more`],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['a span id of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['upper case', PARENT.toUpperCase()],
    ['a short trace id', `00-${TRACE.slice(1)}-${SPAN}-01`],
    ['no flags', `00-${TRACE}-${SPAN}`],
  ])('ignores %s', (_, value) => {
    expect(parseTraceparent(value)).toBeUndefined();
  });
});

describe('formatTraceparent', () => {
  it('keeps the sampled flag only', () => {
    expect(formatTraceparent({ traceId: TRACE, spanId: SPAN, flags: 0xff })).toBe(PARENT);
    expect(formatTraceparent({ traceId: TRACE, spanId: SPAN, flags: 0xfe })).toBe(`00-${TRACE}-${SPAN}-00`);
  });
});

describe('incomingTrace', () => {
  it('passes tracestate on verbatim', () => {
    expect(incomingTrace(PARENT, ['a=1', 'b=2'])).toEqual({ traceparent: PARENT, tracestate: 'a=1,b=2' });
  });

  it('ignores tracestate without a valid traceparent', () => {
    expect(incomingTrace('00-zz', 'a=1')).toBeUndefined();
  });

  it('ignores a tracestate that is too long or not printable, and keeps the trace', () => {
    expect(incomingTrace(PARENT, `a=${'x'.repeat(511)}`)).toEqual({ traceparent: PARENT });
    expect(incomingTrace(PARENT, 'a=\u0007')).toEqual({ traceparent: PARENT });
  });
});
