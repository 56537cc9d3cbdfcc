import { runLoad } from './load-generator.ts';
import type { LoadSpec, LoadTarget } from './load-spec.ts';

/** The load generator as a process of its own, so that its CPU time is counted apart; it ends when its parent does. */
process.on('disconnect', () => process.exit(0));
process.on('message', (job: { target: LoadTarget; spec: LoadSpec }) => {
  void runLoad(job.target, job.spec).then((result) => process.send?.({ result }));
});
process.send?.({ ready: true });
