import Sequencer from '@jest/test-sequencer';

/**
 * Starts the slowest suites first, so that none of them runs alone at the end. Those that mostly wait, for heartbeats and timeouts,
 * alternate with those that need the processors. The others follow in jest's default order.
 */
const SLOW = [
  'degraded',
  'start/start',
  'start/recovery',
  'failing-engines',
  'documented-snippets',
  'start/environment',
  'telemetry/traces',
  'contract',
  'usage-ledger',
  'document-examples',
  'start/bootstrap',
  'ledger-crashes',
  'clients/python-clients',
  'clients/responses-python',
  'idempotency-crashes',
  'start/worker',
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
