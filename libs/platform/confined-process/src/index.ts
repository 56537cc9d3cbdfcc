export { LimitExceeded, runConfined } from './run-confined.ts';
export type { ConfinedProgram, Exchange } from './run-confined.ts';
