/** A stand-in for an inference server (`apps/xim/test`), with the file that its behaviour is read from. */
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inheritedVariables, loadConfig } from '@xerotier/config';
import { silentLog } from '@xerotier/log/testing';
import { eventually } from '@xerotier/testing';
import { settings } from '../../config.ts';
import type { XimConfig } from '../../config.ts';
import { recipes } from '../recipes.ts';
import type { SupervisedKind } from '../recipes.ts';
import { prepareServer } from '../server-plan.ts';
import type { PreparedServer } from '../server-plan.ts';

const PREFIXES: Record<SupervisedKind, string> = { vllm: 'VLLM', sglang: 'SGLANG', 'llama-server': 'LLAMA' };

/** As described in `apps/xim/test/stand-in.mjs`. */
export interface Behaviour {
  readonly startMs?: number;
  readonly tokenMs?: number;
  readonly exitAtStart?: { readonly code: number; readonly lines: readonly string[] };
  readonly exitAfterRequests?: number;
  readonly hang?: boolean;
  readonly stuck?: boolean;
  readonly ignoresSigterm?: boolean;
  readonly unhealthy?: boolean;
}

export class StandInServer {
  readonly kind: SupervisedKind;
  readonly #folder: string;

  private constructor(kind: SupervisedKind, folder: string) {
    this.kind = kind;
    this.#folder = folder;
  }

  static async create(kind: SupervisedKind, behaviour: Behaviour = {}): Promise<StandInServer> {
    const server = new StandInServer(kind, await mkdtemp(join(tmpdir(), 'xim-server-')));
    await server.behave(behaviour);
    return server;
  }

  get program(): string {
    return join(import.meta.dirname, `../../../test/stand-in-${this.kind}.mjs`);
  }

  get env(): Record<string, string> {
    return { ...inheritedVariables(/^PATH$/), [`${PREFIXES[this.kind]}_STAND_IN`]: this.#behaviourFile };
  }

  async behave(behaviour: Behaviour): Promise<void> {
    // Replaced as a whole: the stand-in may be reading it.
    const pidFile = join(this.#folder, 'pids.json');
    await writeFile(`${this.#behaviourFile}.new`, JSON.stringify({ ...behaviour, pidFile }));
    await rename(`${this.#behaviourFile}.new`, this.#behaviourFile);
  }

  /** The process of the server that was started last, and its own child. */
  async pids(): Promise<number[]> {
    const { pid, child } = JSON.parse(await readFile(join(this.#folder, 'pids.json'), 'utf8')) as Record<
      string,
      number
    >;
    return [pid as number, child as number];
  }

  /** @param env further settings of the worker. */
  config(env: Readonly<Record<string, string>> = {}): XimConfig {
    return loadConfig(settings, {
      NATS_URL: 'nats://127.0.0.1:4222',
      XIM_MODEL_ID: 'served',
      XIM_ENGINE: this.kind,
      XIM_MODEL_PATH: 'org/model',
      XIM_SERVER_PROGRAM: this.program,
      ...env,
    });
  }

  prepare(env: Readonly<Record<string, string>> = {}): Promise<PreparedServer> {
    return prepareServer(recipes[this.kind], this.config(env), silentLog(), this.env);
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #behaviourFile(): string {
    return join(this.#folder, 'behaviour.json');
  }
}

/** False also for a process that has ended and that nobody has waited for. */
async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return !/\) [ZX] /.test(status);
}

/** Waits until none of the processes is alive: the kernel ends killed processes when it gets to it. */
export async function allGone(pids: readonly number[]): Promise<void> {
  await eventually(`the processes ${pids.join(', ')} are gone`, async () => {
    const alive = await Promise.all(pids.map(isAlive));
    return !alive.includes(true);
  });
}
