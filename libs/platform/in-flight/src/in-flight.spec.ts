import fc from 'fast-check';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { InFlightMap, InFlightSet } from './index.ts';

const key = fc.integer({ min: 0, max: 9 });
const step = fc.oneof(
  fc.record({ set: key, value: fc.integer() }),
  fc.record({ delete: key }),
  fc.constant({ clear: true as const }),
);

describe('InFlightMap', () => {
  it('does what a Map does', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const map = new InFlightMap<number, number>();
        const model = new Map<number, number>();
        for (const one of steps) {
          if ('set' in one) {
            map.set(one.set, one.value);
            model.set(one.set, one.value);
          } else if ('delete' in one) {
            expect(map.delete(one.delete)).toBe(model.delete(one.delete));
          } else {
            map.clear();
            model.clear();
          }
          expect(map.size).toBe(model.size);
        }
        expect([...map]).toEqual([...model]);
        expect([...map.keys()]).toEqual([...model.keys()]);
        expect([...map.values()]).toEqual([...model.values()]);
        for (let one = 0; one < 10; one += 1) {
          expect(map.get(one)).toBe(model.get(one));
          expect(map.has(one)).toBe(model.has(one));
        }
      }),
    );
  });

  it('allows entries to be deleted while it is iterated', () => {
    const map = new InFlightMap([...'abc'].map((name) => [name, name]));
    const seen: string[] = [];
    for (const [name] of map) {
      seen.push(name);
      map.delete('b');
    }
    expect(seen).toEqual(['a', 'c']);
  });
});

describe('memory', () => {
  it('keeps nothing of what has ended, unlike a Map', () => {
    // If the second fails, V8 has mended it, and this library is of no more use.
    expect(promotedBytes('InFlightMap')).toBeLessThan(10_000_000);
    expect(promotedBytes('Map')).toBeGreaterThan(50_000_000);
  });
});

/** Returns how much the old generation has grown after 130 MB of requests, 64 of them at once. */
function promotedBytes(kind: string): number {
  const fixture = join(import.meta.dirname, '../test/promoted-bytes.ts');
  // The last one avoids a full collection, which would free it.
  const flags = ['--expose-gc', '--max-semi-space-size=2', '--min-semi-space-size=2', '--initial-old-space-size=512'];
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, fixture, kind], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return Number(stdout);
}

describe('InFlightSet', () => {
  it('deletes each element once, by its own handle', () => {
    const set = new InFlightSet<string>();
    const first = set.add('same');
    expect(set.delete(first)).toBe(true);
    const second = set.add('same');
    expect(set.delete(first)).toBe(false);
    expect([...set]).toEqual(['same']);
    expect(set.delete(second)).toBe(true);
    expect(set.size).toBe(0);
  });
});
