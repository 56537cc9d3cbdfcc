/** Starts the slowest suites first, so that none of them runs alone at the end. The others follow in jest's default order. */
import Sequencer from '@jest/test-sequencer';

/** Measured on two cores; the order is what matters. */
const SLOW = [
  'start/recovery',
  'documented-snippets',
  'degraded',
  'failing-engines',
  'ledger-crashes',
  'start/start',
  'start/environment',
  'start/bootstrap',
  'bundled-model',
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
