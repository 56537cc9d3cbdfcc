export { Scheduler } from './scheduler.ts';
export type { Decision, ScoredCandidate, SchedulerOptions } from './scheduler.ts';
export { SIGNAL_NAMES, signals } from './signals.ts';
export type { Candidate, PlacementRequest, SignalName } from './signals.ts';
export { rendezvousWeight } from './rendezvous.ts';
export { CLASS_FLOORS, FairQueue, workOf } from './fair-queue.ts';
export type { WaitingRequest, WorkClass } from './fair-queue.ts';
