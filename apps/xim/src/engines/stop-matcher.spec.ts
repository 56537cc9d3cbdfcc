import fc from 'fast-check';
import { StopMatcher } from './stop-matcher.ts';

/** Returns the emitted text of each piece. */
function run(stops: readonly string[], pieces: readonly string[]): { emitted: string[]; stopped: boolean } {
  const matcher = new StopMatcher(stops);
  const emitted: string[] = [];
  for (const piece of pieces) {
    const { text, stopped } = matcher.push(piece);
    emitted.push(text);
    if (stopped) return { emitted, stopped };
  }
  return { emitted: [...emitted, matcher.flush()], stopped: false };
}

/** Reference implementation: tries every end of the text in turn. */
function expected(stops: readonly string[], text: string): { text: string; stopped: boolean } {
  for (let end = 1; end <= text.length; end += 1) {
    const complete = stops.filter((stop) => text.slice(0, end).endsWith(stop)).map((stop) => stop.length);
    if (complete.length > 0) return { text: text.slice(0, end - Math.max(...complete)), stopped: true };
  }
  return { text, stopped: false };
}

/** A small alphabet, so that full and partial matches occur often. */
const letters = (lengthMax: number, lengthMin = 0): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom('a', 'b', 'c', '😀'), minLength: lengthMin, maxLength: lengthMax });
const stopStrings = fc.array(letters(4, 1), { maxLength: 4 });
const pieces = fc.array(letters(5), { maxLength: 12 });

describe('StopMatcher', () => {
  it('emits the text before the first stop string, for any split into pieces', () => {
    fc.assert(
      fc.property(stopStrings, pieces, (stops, cut) => {
        const { emitted, stopped } = run(stops, cut);
        expect({ text: emitted.join(''), stopped }).toEqual(expected(stops, cut.join('')));
      }),
    );
  });

  it('never emits text that a later piece completes to a stop string', () => {
    fc.assert(
      fc.property(stopStrings, pieces, (stops, cut) => {
        const final = expected(stops, cut.join('')).text;
        let emitted = '';
        for (const text of run(stops, cut).emitted) {
          emitted += text;
          expect(final.startsWith(emitted)).toBe(true);
        }
      }),
    );
  });

  it('holds back only text that may become a stop string', () => {
    fc.assert(
      fc.property(stopStrings, pieces, (stops, cut) => {
        const matcher = new StopMatcher(stops);
        let seen = '';
        let emitted = '';
        for (const piece of cut) {
          const { text, stopped } = matcher.push(piece);
          if (stopped) return;
          seen += piece;
          emitted += text;
          const held = seen.slice(emitted.length);
          expect(held === '' || stops.some((stop) => stop.startsWith(held))).toBe(true);
        }
      }),
    );
  });

  it('emits every piece immediately when there is no stop string', () => {
    expect(run([], ['a', 'b']).emitted).toEqual(['a', 'b', '']);
  });

  it('prefers the longer of two stop strings that end together', () => {
    expect(run(['b', 'ab'], ['xa', 'by'])).toEqual({ emitted: ['x', ''], stopped: true });
  });
});
