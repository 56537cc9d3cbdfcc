import type { AimResult } from './aims.ts';
import type { ComparisonRow } from './baseline-comparison.ts';
import type { Machine } from './machine.ts';
import type { SummaryRow } from './summary.ts';
import type { Spread } from './statistics.ts';
import type { TargetName } from './targets/target.ts';

/** The content of a report about one run. */
interface ReportContent {
  startedAt: Date;
  machine: Machine;
  pinning: string;
  versions: Record<string, string>;
  rounds: number;
  seconds: number;
  /** CPUs that other programs used, median over all phases; undefined where unknown. */
  foreignCpus: number | undefined;
  notices: string[];
  targets: TargetName[];
  rows: SummaryRow[];
  aims: AimResult[];
  /** The comparison with the baseline; empty without one. */
  comparison: ComparisonRow[];
}

/** Renders the report as Markdown, formatted like prettier. */
export function renderReport(content: ReportContent): string {
  const { machine } = content;
  const versions = Object.entries(content.versions).map(([name, version]) => `${name} ${version}`);
  const foreign =
    content.foreignCpus === undefined
      ? []
      : [`- Other programs meanwhile: ${content.foreignCpus.toFixed(2)} CPUs (median)`];
  const facts = [
    `- Date: ${content.startedAt.toISOString().slice(0, 10)}`,
    `- Machine: ${machine.cpu}, ${machine.cpuCount} CPUs, ${machine.memoryGb} GB, ${machine.system}`,
    `- Placement: ${content.pinning}`,
    `- Versions: ${versions.join(', ')}`,
    `- Rounds: ${content.rounds}, each load ${content.seconds} s; a cell is the median (least–greatest) over the rounds`,
    ...foreign,
    ...content.notices.map((notice) => `- Notice: ${notice}`),
  ];
  const comparison = content.comparison.map(({ measure, ratio }) => [measure, cell(ratio, 2)]);
  const aims = content.aims.map(({ aim, measured, verdict }) => [aim, measured, verdict]);
  return [
    facts.join('\n'),
    renderTable(
      ['Measure', ...content.targets],
      content.rows.map((row) => tableCells(row, content.targets)),
    ),
    renderTable(['Aim', 'Measured', 'Verdict'], aims),
    ...(comparison.length === 0 ? [] : [renderTable(['Measure', 'Times the baseline'], comparison)]),
  ].join('\n\n');
}

function tableCells(row: SummaryRow, targets: readonly TargetName[]): string[] {
  return [row.label, ...targets.map((target) => cell(row.cells[target], row.decimals))];
}

function cell(value: Spread | undefined, decimals: number): string {
  if (value === undefined) return '–';
  const [median, min, max] = [value.median, value.min, value.max].map((number) => number.toFixed(decimals));
  return min === max ? `${median}` : `${median} (${min}–${max})`;
}

/** Renders a Markdown table with columns as wide as their widest cell; all but the first are right-aligned. */
function renderTable(head: string[], rows: string[][]): string {
  const widths = head.map((title, column) => Math.max(4, title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: string[]): string => {
    const padded = widths.map((width, column) => {
      const text = cells[column] ?? '';
      return column === 0 ? text.padEnd(width) : text.padStart(width);
    });
    return `| ${padded.join(' | ')} |`;
  };
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}
