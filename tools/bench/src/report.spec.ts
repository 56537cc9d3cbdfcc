import { format } from 'prettier';
import { renderReport } from './report.ts';

describe('renderReport', () => {
  const report = renderReport({
    startedAt: new Date('2030-01-02T03:04:05Z'),
    machine: { cpu: 'Some CPU', cpuCount: 2, memoryGb: 8, system: 'Linux', node: '24.0.0' },
    pinning: 'not pinned',
    versions: { node: '24.0.0' },
    rounds: 3,
    seconds: 3,
    foreignCpus: 0.25,
    notices: ['portkey was left out: no network'],
    targets: ['direct', 'nginx'],
    rows: [{ label: 'p50 ms, 1 connection', decimals: 2, cells: { nginx: { median: 1.234, min: 1, max: 2 } } }],
    aims: [{ aim: 'Fast', measured: '–', verdict: 'not measured' }],
    comparison: [{ measure: 'Requests/s', ratio: { median: 0.98, min: 0.95, max: 1.02 } }],
  });

  it('shows the median with its spread, and a dash where nothing was measured', () => {
    expect(report).toContain('| p50 ms, 1 connection |      – | 1.23 (1.00–2.00) |');
  });

  it('names date, machine, versions and what was left out', () => {
    for (const fact of ['2030-01-02', 'Some CPU', 'node 24.0.0', 'portkey was left out'])
      expect(report).toContain(fact);
  });

  it('shows this platform as a multiple of the baseline', () => {
    expect(report).toContain('| Requests/s |   0.98 (0.95–1.02) |');
  });

  it('is laid out as the formatter of the project would lay it out', async () => {
    expect(await format(report, { parser: 'markdown' })).toBe(`${report}\n`);
  });
});
