import { pathToFileURL } from 'node:url';

/**
 * Runs the unmodified Portkey gateway in a process that exits with its parent. It parses its port from the arguments
 * itself; the first argument is the file to run.
 */
const [program, ...rest] = process.argv.slice(2);
if (program === undefined) throw new Error('usage: portkey-process.ts <start-server.js> --port=<port> --headless');
process.argv.splice(2, process.argv.length - 2, ...rest);
process.on('disconnect', () => process.exit(0));
await import(pathToFileURL(program).href);
process.send?.({ started: true });
