import { TransferSlots } from './transfer-slots.ts';

const rejection = expect.objectContaining({ code: 'file.too_many_transfers', status: 503 });

describe('TransferSlots', () => {
  it('gives a project half of the slots, and all projects together all of them', () => {
    const sut = new TransferSlots(4);
    const release = [sut.take('a'), sut.take('a')];
    expect(() => sut.take('a')).toThrow(rejection);
    release.push(sut.take('b'), sut.take('c'));
    expect(() => sut.take('d')).toThrow(rejection);
    for (const each of release) each();
    sut.assertFree('a');
    sut.assertFree('d');
  });

  it('gets a slot back once, however often it is released', () => {
    const sut = new TransferSlots(2);
    const release = sut.take('a');
    sut.take('b');
    for (let times = 0; times < 3; times += 1) release();
    sut.take('a');
    expect(() => sut.take('c')).toThrow(rejection);
  });

  it('gives a single slot to one project', () => {
    const sut = new TransferSlots(1);
    const release = sut.take('a');
    expect(() => sut.take('b')).toThrow(rejection);
    release();
    sut.take('b');
  });
});
