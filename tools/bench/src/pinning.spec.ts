import { Pinning, parseCpuList } from './pinning.ts';

describe('Pinning', () => {
  it('assigns the first allowed CPU to the system under test, and the second to everything else', () => {
    const pinning = new Pinning([2, 5, 6], true);
    expect(pinning.notice).toBeUndefined();
    expect(pinning.description).toContain('alone on CPU 2, everything else on CPU 5');
  });

  it('pins nothing with one CPU or without taskset, and sets a notice', () => {
    expect(new Pinning([0], true).notice).toContain('one CPU');
    expect(new Pinning([0, 1], false).notice).toContain('taskset');
    expect(new Pinning([0], true).description).toBe('not pinned');
  });

  it('parses CPU lists of the kernel', () => {
    expect(parseCpuList('0-2,5')).toEqual([0, 1, 2, 5]);
    expect(parseCpuList('7')).toEqual([7]);
  });
});
