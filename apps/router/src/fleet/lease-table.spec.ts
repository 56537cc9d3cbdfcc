import type { WorkerState } from '@xerotier/contracts/xim';
import { LeaseTable } from './lease-table.ts';

function aWorker(overrides: Partial<WorkerState> = {}): WorkerState {
  return {
    workerId: 'w1',
    modelId: 'm',
    engine: 'scripted',
    slots: 2,
    active: [],
    contextTokens: 100,
    draining: false,
    startedAt: 1,
    ...overrides,
  };
}

/** Slots in use on the worker w1; undefined when it is unknown. */
function usedOf(table: LeaseTable): number | undefined {
  return table.workers().find(({ workerId }) => workerId === 'w1')?.used;
}

describe('a worker in the lease table', () => {
  it('is free with all slots of its heartbeat', () => {
    const sut = new LeaseTable();
    sut.recordHeartbeat(aWorker(), 0);
    expect(sut.free('m')).toEqual([{ workerId: 'w1', modelId: 'm', slots: 2, used: 0, failureRate: 0 }]);
    expect(sut.free('other')).toEqual([]);
  });

  it('is not free when its slots are in use, by this router or others', () => {
    const sut = new LeaseTable();
    sut.recordHeartbeat(aWorker({ active: ['foreign'] }), 0);
    sut.grant('w1', 'ours', 0);
    expect(usedOf(sut)).toBe(2);
    expect(sut.free('m')).toEqual([]);
    expect(sut.serves('m')).toBe(true);
  });

  it('is neither free nor serving while it drains', () => {
    const sut = new LeaseTable();
    sut.recordHeartbeat(aWorker({ draining: true }), 0);
    expect(sut.free('m')).toEqual([]);
    expect(sut.serves('m')).toBe(false);
  });

  it('is neither free nor serving while its engine is unavailable', () => {
    const sut = new LeaseTable();
    sut.recordHeartbeat(aWorker({ available: false, unavailableReason: 'ECONNREFUSED' }), 0);
    expect(sut.free('m')).toEqual([]);
    expect(sut.serves('m')).toBe(false);
    expect(sut.awaitsEngine('m')).toBe(true);
    expect(sut.awaitsEngine('other')).toBe(false);
    sut.recordHeartbeat(aWorker({ available: true, failureRate: 0.5 }), 1);
    expect(sut.free('m')).toMatchObject([{ workerId: 'w1', failureRate: 0.5 }]);
    expect(sut.serves('m')).toBe(true);
    expect(sut.awaitsEngine('m')).toBe(false);
  });

  it('does not await its engine while it drains', () => {
    const sut = new LeaseTable();
    sut.recordHeartbeat(aWorker({ available: false, draining: true }), 0);
    expect(sut.awaitsEngine('m')).toBe(false);
  });

  it('is not serving when it is excluded', () => {
    const sut = new LeaseTable();
    sut.recordHeartbeat(aWorker(), 0);
    expect(sut.serves('m', ['w1'])).toBe(false);
    expect(sut.serves('m', ['w2'])).toBe(true);
  });

  it('is removed when it leaves, and when its heartbeat times out', () => {
    const sut = new LeaseTable({ heartbeatTimeoutMs: 100 });
    sut.recordHeartbeat(aWorker(), 0);
    sut.recordHeartbeat(aWorker({ workerId: 'w2' }), 50);
    expect(sut.expire(100)).toEqual([]);
    expect(sut.expire(101)).toMatchObject([{ workerId: 'w1' }]);
    sut.removeWorker('w2');
    expect(sut.workers()).toEqual([]);
  });

  it('loses its leases when it restarts under the same id', () => {
    const sut = new LeaseTable();
    sut.recordHeartbeat(aWorker(), 0);
    sut.grant('w1', 'a', 0);
    sut.release('w1', 'b', true, 0);
    sut.recordHeartbeat(aWorker({ startedAt: 2 }), 10);
    expect(usedOf(sut)).toBe(0);
    expect(sut.free('m')).toHaveLength(1);
  });

  it('is not free after it failed a lease, until its next heartbeat', () => {
    const sut = new LeaseTable();
    sut.recordHeartbeat(aWorker(), 0);
    sut.grant('w1', 'a', 0);
    sut.release('w1', 'a', true, 1);
    expect(sut.free('m')).toEqual([]);
    expect(sut.serves('m')).toBe(true);
    sut.recordHeartbeat(aWorker(), 2);
    expect(sut.free('m')).toHaveLength(1);
  });

  it('takes no leases when it is unknown', () => {
    const sut = new LeaseTable();
    sut.grant('unknown', 'a', 0);
    sut.release('unknown', 'a', true, 0);
    expect(sut.workers()).toEqual([]);
  });
});

describe('a lease', () => {
  function tableWithLease(): LeaseTable {
    const sut = new LeaseTable({ unusedLeaseMs: 100, releasedRetentionMs: 100 });
    sut.recordHeartbeat(aWorker(), 0);
    sut.grant('w1', 'a', 0);
    return sut;
  }

  it('occupies its slot until it is released', () => {
    const sut = tableWithLease();
    sut.recordHeartbeat(aWorker(), 99);
    expect(usedOf(sut)).toBe(1);
    sut.release('w1', 'a', false, 99);
    expect(usedOf(sut)).toBe(0);
  });

  it('is dropped after a timeout when its worker never reports it', () => {
    const sut = tableWithLease();
    sut.recordHeartbeat(aWorker(), 100);
    expect(usedOf(sut)).toBe(1);
    sut.recordHeartbeat(aWorker(), 101);
    expect(usedOf(sut)).toBe(0);
  });

  it('ends when its worker no longer reports it', () => {
    const sut = tableWithLease();
    sut.recordHeartbeat(aWorker({ active: ['a'] }), 10);
    sut.recordHeartbeat(aWorker(), 20);
    expect(usedOf(sut)).toBe(0);
  });

  it('lasts as long as its worker reports it', () => {
    const sut = tableWithLease();
    for (let now = 0; now < 10_000; now += 100) sut.recordHeartbeat(aWorker({ active: ['a'] }), now);
    expect(usedOf(sut)).toBe(1);
  });

  it('is counted once when reported', () => {
    const sut = tableWithLease();
    sut.recordHeartbeat(aWorker({ active: ['a', 'a'] }), 10);
    expect(usedOf(sut)).toBe(1);
  });

  it('is not restored by a heartbeat from before its release', () => {
    const sut = tableWithLease();
    sut.recordHeartbeat(aWorker({ active: ['a'] }), 10);
    sut.release('w1', 'a', false, 20);
    sut.recordHeartbeat(aWorker({ active: ['a'] }), 21);
    expect(usedOf(sut)).toBe(0);
  });

  it('occupies its slot again when it still runs long after its release', () => {
    const sut = tableWithLease();
    sut.release('w1', 'a', false, 20);
    sut.recordHeartbeat(aWorker({ active: ['a'] }), 121);
    expect(usedOf(sut)).toBe(1);
  });

  it('is released when another router granted it', () => {
    const sut = tableWithLease();
    sut.recordHeartbeat(aWorker({ active: ['a', 'foreign'] }), 10);
    expect(usedOf(sut)).toBe(2);
    sut.release('w1', 'foreign', false, 11);
    expect(usedOf(sut)).toBe(1);
  });
});
