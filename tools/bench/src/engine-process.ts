import { startEngine } from './engine.ts';

/** The engine as its own process: sends the port to its parent, and exits when the parent does. */
const engine = await startEngine();
process.on('disconnect', () => process.exit(0));
process.send?.({ port: engine.port });
