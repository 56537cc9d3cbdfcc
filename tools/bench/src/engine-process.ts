import { startEngine } from './engine.ts';

/** The engine as a process of its own: tells its parent the port, and ends when the parent does. */
const engine = await startEngine();
process.on('disconnect', () => process.exit(0));
process.send?.({ port: engine.port });
