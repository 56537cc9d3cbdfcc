import { Pinning, parseCpuList } from './pinning.ts';

describe('Pinning', () => {
  it('gives the system the first CPU that is allowed and everything else the second', () => {
    const pinning = new Pinning([2, 5, 6], true);
    expect(pinning.notice).toBeUndefined();
    expect(pinning.description).toContain('alone on CPU 2, everything else on CPU 5');
  });

  it('says so and pins nothing with one CPU or without taskset', () => {
    expect(new Pinning([0], true).notice).toContain('one CPU');
    expect(new Pinning([0, 1], false).notice).toContain('taskset');
    expect(new Pinning([0], true).description).toBe('not pinned');
  });

  it('reads the lists of CPUs that the kernel writes', () => {
    expect(parseCpuList('0-2,5')).toEqual([0, 1, 2, 5]);
    expect(parseCpuList('7')).toEqual([7]);
  });
});
