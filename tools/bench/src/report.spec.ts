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
    notices: ['portkey was skipped: no network'],
    targets: ['direct', 'nginx'],
    rows: [{ label: 'p50 ms, 1 connection', decimals: 2, cells: { nginx: { median: 1.234, min: 1, max: 2 } } }],
    aims: [{ aim: 'Fast', measured: '–', verdict: 'not measured' }],
    comparison: [{ measure: 'Requests/s', ratio: { median: 0.98, min: 0.95, max: 1.02 } }],
  });

  it('renders the median with its spread, and a dash for missing values', () => {
    expect(report).toContain('| p50 ms, 1 connection |      – | 1.23 (1.00–2.00) |');
  });

  it('contains date, machine, versions and notices', () => {
    for (const fact of ['2030-01-02', 'Some CPU', 'node 24.0.0', 'portkey was skipped']) expect(report).toContain(fact);
  });

  it('renders the comparison with the baseline', () => {
    expect(report).toContain('| Requests/s |   0.98 (0.95–1.02) |');
  });

  it('is formatted like prettier', async () => {
    expect(await format(report, { parser: 'markdown' })).toBe(`${report}\n`);
  });
});
