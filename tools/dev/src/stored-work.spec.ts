import { storedWork, textOf } from './stored-work.ts';

const none = { files: 0, bytes: 0, uploads: 0, batches: [], lines: 0, linesDone: 0, linesPerSecond: 0 };

describe('the work of projects', () => {
  it('is two short lines', () => {
    expect(textOf(none)).toBe('Files: 0, 0 bytes\nBatches: none\n');
    const batches = [
      { status: 'completed', count: 12 },
      { status: 'in_progress', count: 2 },
    ];
    const some = {
      files: 3,
      bytes: 12_345_678,
      uploads: 1,
      batches,
      lines: 4_000,
      linesDone: 120,
      linesPerSecond: 3.14159,
    };
    expect(textOf(some)).toBe(
      [
        'Files: 3, 12.3 MB; 1 pending upload',
        'Batches: completed 12, in_progress 2 (120 of 4000 lines, 3.14 per second)',
        '',
      ].join('\n'),
    );
  });

  it.each([
    [999, '999 bytes'],
    [1_000, '1 kB'],
    [8_000_000_000, '8 GB'],
    [5e15, '5000 TB'],
  ])('says %d bytes as %s', (bytes, text) => {
    expect(textOf({ ...none, bytes })).toContain(`0, ${text}\n`);
  });

  it('is unknown without a database', async () => {
    await expect(storedWork('postgres://127.0.0.1:1/none')).rejects.toThrow();
  });
});
