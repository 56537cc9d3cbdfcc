/** `.xerotier/dev.json`: what a running stack says about itself, for tools. Readable by its owner only. */
import { writeAtomic } from '@xerotier/local-servers';
import { readFile, rm } from 'node:fs/promises';
import type { PlatformDescription } from './platform.ts';
import type { StateDir } from './project-paths.ts';
import { holderOf } from './supervisor-lock.ts';
import type { Holder } from './supervisor-lock.ts';

export interface DevFile extends PlatformDescription {
  /** The process that holds the stack. */
  readonly supervisorPid: number;
}

/** The file of one stack: its writes happen one after the other, and each at once, since tools read it at any moment. */
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

  /** For good: what is written afterwards is not. */
  remove(): Promise<void> {
    this.#removed = true;
    return this.#after(() => rm(this.#state.devFile, { force: true }));
  }

  #after(work: () => Promise<void>): Promise<void> {
    // One that fails does not keep the next from being tried.
    this.#last = this.#last.then(work, work);
    return this.#last;
  }
}

export interface StackState {
  /** Undefined when nothing runs. */
  readonly holder: Holder | undefined;
  /** Undefined too while it starts. */
  readonly description: DevFile | undefined;
}

/** What runs in a folder. A file that a killed stack left is not taken for that of the one that starts now. */
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
