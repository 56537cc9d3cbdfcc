/** `.xerotier/dev.json`: the description of a running stack, for tools. Readable by its owner only. */
import { writeAtomic } from '@xerotier/local-servers';
import { readFile, rm } from 'node:fs/promises';
import type { PlatformDescription } from './platform.ts';
import type { StateDir } from './project-paths.ts';
import { holderOf } from './supervisor-lock.ts';
import type { Holder } from './supervisor-lock.ts';

export interface DevFile extends PlatformDescription {
  /** Process id of the supervisor. */
  readonly supervisorPid: number;
}

/** Writes the file of one stack: sequentially, and each write atomically, since tools may read it at any time. */
export class DevFileWriter {
  readonly #state: StateDir;
  #last: Promise<void> = Promise.resolve();
  #removed = false;

  constructor(state: StateDir) {
    this.#state = state;
  }

  write(description: PlatformDescription): Promise<void> {
    const file: DevFile = { ...description, supervisorPid: process.pid };
    return this.#after(async () => {
      if (!this.#removed) await writeAtomic(this.#state.devFile, `${JSON.stringify(file, null, 2)}\n`);
    });
  }

  /** Removes the file permanently: later writes are ignored. */
  remove(): Promise<void> {
    this.#removed = true;
    return this.#after(() => rm(this.#state.devFile, { force: true }));
  }

  #after(work: () => Promise<void>): Promise<void> {
    // A failed write does not prevent the next one.
    this.#last = this.#last.then(work, work);
    return this.#last;
  }
}

export interface StackState {
  /** Undefined when no stack is running. */
  readonly holder: Holder | undefined;
  /** Also undefined while it starts. */
  readonly description: DevFile | undefined;
}

/** Returns what runs in a folder. The file of a killed stack is ignored. */
export async function stackState(state: StateDir): Promise<StackState> {
  const holder = await holderOf(state);
  const description = holder === undefined ? undefined : await readDevFile(state);
  return { holder, description: description?.supervisorPid === holder?.pid ? description : undefined };
}

async function readDevFile(state: StateDir): Promise<DevFile | undefined> {
  const text = await readFile(state.devFile, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as DevFile;
  } catch {
    return undefined;
  }
}
