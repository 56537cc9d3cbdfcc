import type { WorkerState } from '@xerotier/contracts/xim';
import { SlotLedger } from './slot-ledger.ts';

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

/** What is taken on the worker w1; undefined when it is not known. */
function usedOf(ledger: SlotLedger): number | undefined {
  return ledger.workers().find(({ workerId }) => workerId === 'w1')?.used;
}

describe('a worker in the ledger', () => {
  it('is free as it says, with all of its slots', () => {
    const sut = new SlotLedger();
    sut.heard(aWorker(), 0);
    expect(sut.free('m')).toEqual([{ workerId: 'w1', modelId: 'm', slots: 2, used: 0, failureRate: 0 }]);
    expect(sut.free('other')).toEqual([]);
  });

  it('is not free when its slots are taken, by us or by others', () => {
    const sut = new SlotLedger();
    sut.heard(aWorker({ active: ['somebody-elses'] }), 0);
    sut.grant('w1', 'ours', 0);
    expect(usedOf(sut)).toBe(2);
    expect(sut.free('m')).toEqual([]);
    expect(sut.serves('m')).toBe(true);
  });

  it('that drains is neither free nor there', () => {
    const sut = new SlotLedger();
    sut.heard(aWorker({ draining: true }), 0);
    expect(sut.free('m')).toEqual([]);
    expect(sut.serves('m')).toBe(false);
  });

  it('whose engine is unavailable is neither free nor there, until it says that it is back', () => {
    const sut = new SlotLedger();
    sut.heard(aWorker({ available: false, unavailableReason: 'ECONNREFUSED' }), 0);
    expect(sut.free('m')).toEqual([]);
    expect(sut.serves('m')).toBe(false);
    expect(sut.awaitsEngine('m')).toBe(true);
    expect(sut.awaitsEngine('other')).toBe(false);
    sut.heard(aWorker({ available: true, failureRate: 0.5 }), 1);
    expect(sut.free('m')).toMatchObject([{ workerId: 'w1', failureRate: 0.5 }]);
    expect(sut.serves('m')).toBe(true);
    expect(sut.awaitsEngine('m')).toBe(false);
  });

  it('that drains awaits no engine', () => {
    const sut = new SlotLedger();
    sut.heard(aWorker({ available: false, draining: true }), 0);
    expect(sut.awaitsEngine('m')).toBe(false);
  });

  it('that is excepted does not count as there', () => {
    const sut = new SlotLedger();
    sut.heard(aWorker(), 0);
    expect(sut.serves('m', ['w1'])).toBe(false);
    expect(sut.serves('m', ['w2'])).toBe(true);
  });

  it('is gone when it says so, and when it was silent for too long', () => {
    const sut = new SlotLedger({ workerSilenceMs: 100 });
    sut.heard(aWorker(), 0);
    sut.heard(aWorker({ workerId: 'w2' }), 50);
    expect(sut.expire(100)).toEqual([]);
    expect(sut.expire(101)).toEqual(['w1']);
    sut.left('w2');
    expect(sut.workers()).toEqual([]);
  });

  it('that was started anew under its old id has nothing of what the old one had', () => {
    const sut = new SlotLedger();
    sut.heard(aWorker(), 0);
    sut.grant('w1', 'a', 0);
    sut.release('w1', 'b', true, 0);
    sut.heard(aWorker({ startedAt: 2 }), 10);
    expect(usedOf(sut)).toBe(0);
    expect(sut.free('m')).toHaveLength(1);
  });

  it('that failed somebody gets nothing until it is heard again', () => {
    const sut = new SlotLedger();
    sut.heard(aWorker(), 0);
    sut.grant('w1', 'a', 0);
    sut.release('w1', 'a', true, 1);
    expect(sut.free('m')).toEqual([]);
    expect(sut.serves('m')).toBe(true);
    sut.heard(aWorker(), 2);
    expect(sut.free('m')).toHaveLength(1);
  });

  it('that nobody knows takes no leases', () => {
    const sut = new SlotLedger();
    sut.grant('nobody', 'a', 0);
    sut.release('nobody', 'a', true, 0);
    expect(sut.workers()).toEqual([]);
  });
});

describe('a lease', () => {
  function granted(): SlotLedger {
    const sut = new SlotLedger({ unusedLeaseMs: 100, releasedMemoryMs: 100 });
    sut.heard(aWorker(), 0);
    sut.grant('w1', 'a', 0);
    return sut;
  }

  it('holds its slot until it is released', () => {
    const sut = granted();
    sut.heard(aWorker(), 99);
    expect(usedOf(sut)).toBe(1);
    sut.release('w1', 'a', false, 99);
    expect(usedOf(sut)).toBe(0);
  });

  it('that its worker never shows is dropped after a while', () => {
    const sut = granted();
    sut.heard(aWorker(), 100);
    expect(usedOf(sut)).toBe(1);
    sut.heard(aWorker(), 101);
    expect(usedOf(sut)).toBe(0);
  });

  it('that its worker showed and shows no longer is over', () => {
    const sut = granted();
    sut.heard(aWorker({ active: ['a'] }), 10);
    sut.heard(aWorker(), 20);
    expect(usedOf(sut)).toBe(0);
  });

  it('that its worker shows lasts, however long it takes', () => {
    const sut = granted();
    for (let now = 0; now < 10_000; now += 100) sut.heard(aWorker({ active: ['a'] }), now);
    expect(usedOf(sut)).toBe(1);
  });

  it('that is shown is counted once', () => {
    const sut = granted();
    sut.heard(aWorker({ active: ['a', 'a'] }), 10);
    expect(usedOf(sut)).toBe(1);
  });

  it('that was released is not brought back by a heartbeat that is older than that', () => {
    const sut = granted();
    sut.heard(aWorker({ active: ['a'] }), 10);
    sut.release('w1', 'a', false, 20);
    sut.heard(aWorker({ active: ['a'] }), 21);
    expect(usedOf(sut)).toBe(0);
  });

  it('that was released and still runs long after takes its slot again', () => {
    const sut = granted();
    sut.release('w1', 'a', false, 20);
    sut.heard(aWorker({ active: ['a'] }), 121);
    expect(usedOf(sut)).toBe(1);
  });

  it('of another router is released as well', () => {
    const sut = granted();
    sut.heard(aWorker({ active: ['a', 'foreign'] }), 10);
    expect(usedOf(sut)).toBe(2);
    sut.release('w1', 'foreign', false, 11);
    expect(usedOf(sut)).toBe(1);
  });
});
