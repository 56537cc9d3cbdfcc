import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** The used part of a V8 CPU profile. */
interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  timeDeltas: number[];
}

const attachTimeoutMs = 5_000;
const listening = '0A';

/**
 * Profiles a running Node process while `work` runs: opens its inspector with SIGUSR1 on a local port, and closes it
 * again. The process needs no preparation. Throws when it is not Node or unreachable.
 */
export async function profileDuring(pid: number, work: () => Promise<unknown>): Promise<CpuProfile> {
  const inspector = await Inspector.attach(pid);
  try {
    await inspector.call('Profiler.enable');
    await inspector.call('Profiler.setSamplingInterval', { interval: 500 });
    await inspector.call('Profiler.start');
    await work();
    return ((await inspector.call('Profiler.stop')) as { profile: CpuProfile }).profile;
  } finally {
    // Closing from inside also closes this connection, so there is no response to wait for.
    inspector.send('Runtime.evaluate', {
      expression: "setImmediate(() => process.getBuiltinModule('inspector').close())",
    });
    await sleep(50);
    inspector.close();
  }
}

/** Returns the functions with the most self time, as shares of the time that was not idle. */
export function busiestFunctions(profile: CpuProfile, count: number): { share: number; name: string }[] {
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, frameName(callFrame)]));
  const selfTime = new Map<string, number>();
  profile.samples.forEach((id, index) => {
    const name = names.get(id) ?? '?';
    if (name !== '(idle)') selfTime.set(name, (selfTime.get(name) ?? 0) + (profile.timeDeltas[index] ?? 0));
  });
  const busy = [...selfTime.values()].reduce((sum, time) => sum + time, 0);
  return [...selfTime]
    .sort(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([name, time]) => ({ share: time / busy, name }));
}

function frameName({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  if (url === '') return functionName || '(native)';
  const file = url.startsWith('node:') ? url : url.split('/').slice(-3).join('/');
  return `${functionName || '(anonymous)'} ${file}:${lineNumber + 1}`;
}

/** A connection to the inspector of another process. */
class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', (event) => this.#onMessage(String(event.data)));
    socket.addEventListener('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('The profiled process closed its inspector.'));
    });
  }

  static async attach(pid: number): Promise<Inspector> {
    const before = new Set(listeningPorts(pid));
    process.kill(pid, 'SIGUSR1');
    const latestMs = performance.now() + attachTimeoutMs;
    while (performance.now() < latestMs) {
      await sleep(50);
      for (const port of listeningPorts(pid)) {
        const url = before.has(port) ? undefined : await debuggerUrl(port);
        if (url !== undefined) return new Inspector(await opened(new WebSocket(url)));
      }
    }
    throw new Error(
      `Process ${pid} did not open an inspector; if port 9229 is in use, start it with --inspect-port=0.`,
    );
  }

  call(method: string, params: object = {}): Promise<unknown> {
    return new Promise((resolve, reject) => this.#waiting.set(this.send(method, params), { resolve, reject }));
  }

  send(method: string, params: object): number {
    this.#lastId += 1;
    this.#socket.send(JSON.stringify({ id: this.#lastId, method, params }));
    return this.#lastId;
  }

  close(): void {
    this.#socket.close();
  }

  #onMessage(data: string): void {
    const message = JSON.parse(data) as { id?: number; result?: unknown; error?: { message: string } };
    const waiting = message.id === undefined ? undefined : this.#waiting.get(message.id);
    if (message.id === undefined || waiting === undefined) return;
    this.#waiting.delete(message.id);
    if (message.error === undefined) waiting.resolve(message.result);
    else waiting.reject(new Error(message.error.message));
  }
}

async function opened(socket: WebSocket): Promise<WebSocket> {
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', () => reject(new Error('The connection to the inspector failed.')));
  });
  return socket;
}

async function debuggerUrl(port: number): Promise<string | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/json/list`, { signal: AbortSignal.timeout(1_000) });
    return ((await response.json()) as { webSocketDebuggerUrl?: string }[])[0]?.webSocketDebuggerUrl;
  } catch {
    return undefined;
  }
}

/** Returns the TCP ports that this process listens on, by looking up the inodes of its sockets in /proc. */
function listeningPorts(pid: number): number[] {
  const inodes = new Set<string>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      if (inode !== undefined) inodes.add(inode);
    } catch {
      // Closed since the listing.
    }
  }
  const rows = readFileSync(`/proc/${pid}/net/tcp`, 'utf8').trim().split('\n').slice(1);
  return rows.flatMap((row) => {
    const [, local = '', , state, , , , , , inode = ''] = row.trim().split(/\s+/);
    return state === listening && inodes.has(inode) ? [Number.parseInt(local.split(':')[1] ?? '', 16)] : [];
  });
}
