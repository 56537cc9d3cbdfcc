/** The results as a table of the model card. */

export interface FamilyResult {
  readonly family: string;
  readonly items: number;
  readonly right: number;
}

export function tableOf(results: readonly FamilyResult[]): string {
  const sum = (of: (result: FamilyResult) => number): number =>
    results.reduce((total, result) => total + of(result), 0);
  const all = { family: 'all', items: sum((result) => result.items), right: sum((result) => result.right) };
  const width = Math.max(...results.map(({ family }) => family.length), 'Family'.length);
  const rows = [...results, all].map(({ family, items, right }) => {
    const share = items === 0 ? '-' : `${((right * 100) / items).toFixed(1)} %`;
    return `| ${family.padEnd(width)} | ${String(items).padStart(5)} | ${share.padStart(7)} |`;
  });
  return [
    `| ${'Family'.padEnd(width)} | Items |   Right |`,
    `| ${'-'.repeat(width)} | ----: | ------: |`,
    ...rows,
  ].join('\n');
}
