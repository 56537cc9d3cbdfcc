import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const begin = '<!-- benchmark results: begin (npm run bench writes what is between these lines) -->';
const end = '<!-- benchmark results: end -->';

const newPage = `# Benchmarks

\`npm run bench\` measures this platform beside three other systems, in turn, on the same two CPUs, with the
same requests:

- **direct**: the scripted engine alone, a bare \`node:http\` server. It is the ceiling.
- **nginx**: a plain reverse proxy in front of that engine. It does nothing but pass bytes on.
- **portkey**: the Portkey gateway, a widely used AI gateway on Node, in front of that engine.
- **xerotier**: this platform with everything on: key check, limits, router slot, usage event, access log, and a
  worker whose engine follows the same script.

Read ratios, not absolute numbers: the machine is small, and the load generator shares a CPU with the engine.
Requests are sent closed loop (each connection sends the next request when it has received its response; 16 tokens each).
Streams are paced at one token per 20 ms with 128 tokens each, as a model would; every frame of every stream is
checked, and one lost or changed token fails the stream. "CPU s per million tokens" is the time of a process,
user and system, divided by the tokens that arrived. "Added" is the difference to \`direct\` in the same round.
At 64 connections the CPU of the engine and the generator is the limit for the fast systems, so the CPU time per
request says more about them than requests per second.

\`tools/bench/README.md\` tells how to run parts of it, and where the raw numbers are.

## Results

${begin}
${end}
`;

/**
 * Writes a report between the markers of the page and does not change the rest; creates the page if missing. Throws
 * when the page has no markers.
 */
export function writeBenchmarksPage(path: string, report: string): void {
  const page = existsSync(path) ? readFileSync(path, 'utf8') : newPage;
  writeFileSync(path, replaceResults(page, report));
}

export function replaceResults(page: string, report: string): string {
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from === -1 || to < from) throw new Error(`docs/benchmarks.md has no markers; restore them:\n${begin}\n${end}`);
  return `${page.slice(0, from + begin.length)}\n\n${report}\n\n${page.slice(to)}`;
}
