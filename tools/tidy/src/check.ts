/** `npm run check`: format, types, lint, boundaries, dead code, house rules, generated files. */
import { runChecks } from './run-checks.ts';

const { failed } = await runChecks();
process.exit(failed === 0 ? 0 : 1);
