/** Starts the suites that take longest first, so that none of them runs alone at the end. What is not named follows by size, as jest has it. */
import Sequencer from '@jest/test-sequencer';

/** Measured on two cores; the order is what matters. */
const SLOW = [
  'start/recovery',
  'seed-snippets',
  'degraded',
  'failing-engines',
  'start/start',
  'start/surroundings',
  'start/bootstrap',
  'box-model',
  'recorded-exchanges',
  'contract',
];

export default class SlowFirstSequencer extends Sequencer {
  sort(tests) {
    const rankOf = ({ path }) => {
      const index = SLOW.findIndex((name) => path.endsWith(`/${name}.e2e.ts`));
      return index === -1 ? SLOW.length : index;
    };
    return super.sort(tests).sort((a, b) => rankOf(a) - rankOf(b));
  }
}
