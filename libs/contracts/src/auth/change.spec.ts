import * as contracts from './index.ts';
import { CHANGE_ERRORS } from './change.ts';

interface Operation {
  readonly input: { readonly shape?: Record<string, unknown> };
  readonly errors: readonly string[];
}

const operations = Object.values(contracts as Record<string, unknown>)
  .map((exported) => (exported as { operations?: Record<string, Operation> } | undefined)?.operations ?? {})
  .flatMap((ofService) => Object.entries(ofService));

it('every operation that changes a project declares the errors of changes', () => {
  const changes = operations.filter(([, { input }]) => input.shape?.['context'] === contracts.changeContext);
  expect(changes.length).toBeGreaterThanOrEqual(20);
  const lacking = changes.filter(([, { errors }]) => !CHANGE_ERRORS.every((code) => errors.includes(code)));
  expect(lacking.map(([name]) => name)).toEqual([]);
});
