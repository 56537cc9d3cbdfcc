import fc from 'fast-check';
import { StopMatcher } from './stop-matcher.ts';

/** What the matcher gives out for the pieces, piece by piece. */
function run(stops: readonly string[], pieces: readonly string[]): { given: string[]; stopped: boolean } {
  const matcher = new StopMatcher(stops);
  const given: string[] = [];
  for (const piece of pieces) {
    const { text, stopped } = matcher.push(piece);
    given.push(text);
    if (stopped) return { given, stopped };
  }
  return { given: [...given, matcher.flush()], stopped: false };
}

/** The same, found by trying every end of the text in turn. */
function expected(stops: readonly string[], text: string): { text: string; stopped: boolean } {
  for (let end = 1; end <= text.length; end += 1) {
    const complete = stops.filter((stop) => text.slice(0, end).endsWith(stop)).map((stop) => stop.length);
    if (complete.length > 0) return { text: text.slice(0, end - Math.max(...complete)), stopped: true };
  }
  return { text, stopped: false };
}

/** Few letters, so that stop strings and their beginnings really occur. */
const letters = (lengthMax: number, lengthMin = 0): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom('a', 'b', 'c', '😀'), minLength: lengthMin, maxLength: lengthMax });
const stopStrings = fc.array(letters(4, 1), { maxLength: 4 });
const pieces = fc.array(letters(5), { maxLength: 12 });

describe('StopMatcher', () => {
  it('gives out the text before the first stop string, for any cutting into pieces', () => {
    fc.assert(
      fc.property(stopStrings, pieces, (stops, cut) => {
        const { given, stopped } = run(stops, cut);
        expect({ text: given.join(''), stopped }).toEqual(expected(stops, cut.join('')));
      }),
    );
  });

  it('never gives out what a later piece makes a part of a stop string', () => {
    fc.assert(
      fc.property(stopStrings, pieces, (stops, cut) => {
        const final = expected(stops, cut.join('')).text;
        let given = '';
        for (const text of run(stops, cut).given) {
          given += text;
          expect(final.startsWith(given)).toBe(true);
        }
      }),
    );
  });

  it('holds nothing back that cannot become a stop string', () => {
    fc.assert(
      fc.property(stopStrings, pieces, (stops, cut) => {
        const matcher = new StopMatcher(stops);
        let seen = '';
        let given = '';
        for (const piece of cut) {
          const { text, stopped } = matcher.push(piece);
          if (stopped) return;
          seen += piece;
          given += text;
          const held = seen.slice(given.length);
          expect(held === '' || stops.some((stop) => stop.startsWith(held))).toBe(true);
        }
      }),
    );
  });

  it('gives out every piece at once when there is no stop string', () => {
    expect(run([], ['a', 'b']).given).toEqual(['a', 'b', '']);
  });

  it('takes the longer of two stop strings that end together', () => {
    expect(run(['b', 'ab'], ['xa', 'by'])).toEqual({ given: ['x', ''], stopped: true });
  });
});
