import { runLoad } from './load-generator.ts';
import type { LoadSpec, LoadTarget } from './load-spec.ts';

/**
 * The load generator as its own process, so that its CPU time is measured separately; it exits when its parent does.
 */
process.on('disconnect', () => process.exit(0));
process.on('message', (job: { target: LoadTarget; spec: LoadSpec }) => {
  void runLoad(job.target, job.spec).then((result) => process.send?.({ result }));
});
process.send?.({ ready: true });
