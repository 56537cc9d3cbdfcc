import { describeFault, planFaults } from './faults.ts';
import type { PlannedFault } from './faults.ts';
import { Random } from './random.ts';

const SERVICES = ['gateway', 'batch', 'files'];

function plan(seed: number): PlannedFault[] {
  const faults = planFaults(new Random(seed), SERVICES);
  return Array.from({ length: 500 }, () => faults.next().value);
}

it('plans the same faults for the same seed, and others for another one', () => {
  expect(plan(7)).toEqual(plan(7));
  expect(plan(7)).not.toEqual(plan(8));
});

it('breaks every service and server, and loses data', () => {
  const faults = new Set(plan(1).map(({ fault }) => `${fault.kind}: ${fault.target}`));
  expect([...faults].toSorted()).toEqual([
    ...['FLUSHALL: redis', 'kill server: nats', 'kill server: postgres', 'kill server: redis'],
    ...['kill service: batch', 'kill service: files', 'kill service: gateway', 'lose data: nats', 'lose data: redis'],
  ]);
});

it('leaves time to recover', () => {
  const quiet = plan(1).map(({ quietMs }) => quietMs);
  expect(Math.min(...quiet)).toBeGreaterThanOrEqual(200);
  expect(quiet.filter((ms) => ms >= 4_000).length).toBeGreaterThan(40);
});

it('describes a fault', () => {
  expect(describeFault({ kind: 'kill server', target: 'nats', downMs: 3 })).toBe('kill server: nats, down for 3 ms');
  expect(describeFault({ kind: 'FLUSHALL', target: 'redis' })).toBe('FLUSHALL: redis');
});
