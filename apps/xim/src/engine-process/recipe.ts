/** How one kind of inference server is started and observed. Everything else about it is the same for all servers. */
import type { EndpointTask } from '@xerotier/contracts/auth';

/** What the recipes turn into a command line. */
export interface ServerPlan {
  /** A path, or an id of the Hugging Face Hub. */
  readonly model: string;
  /** What the server calls the model. */
  readonly servedName: string;
  readonly task: EndpointTask;
  readonly port: number;
  readonly apiKey: string;
  /** Maximum number of concurrent requests. */
  readonly slots: number;
  readonly accelerator: 'cuda' | 'rocm' | 'none';
  readonly tensorParallelSize: number;
  /** Undefined: the default of the server; as all that follow. */
  readonly contextTokens?: number | undefined;
  readonly memoryFraction?: number | undefined;
  readonly quantization?: string | undefined;
  readonly kvCacheDtype?: string | undefined;
  /** Memory of the host for evicted KV cache, for all GPUs together; 0: none. */
  readonly kvOffloadGib: number;
  /** Memory for the KV cache of a server that computes on the CPU. */
  readonly cpuKvCacheGib: number;
}

export interface ServerCommand {
  readonly args: readonly string[];
  /** Added to the variables that the server inherits, and stronger than those. */
  readonly env: Readonly<Record<string, string>>;
  /** For variables that the operator has not set. */
  readonly envDefaults: Readonly<Record<string, string>>;
}

/** Names of metrics; the first one that the server exports counts. None: the server does not report it. */
export interface MetricNames {
  readonly running: readonly string[];
  readonly waiting: readonly string[];
  /** Share of the KV cache in use, 0 to 1. */
  readonly kvCacheUsage: readonly string[];
  readonly promptTokens: readonly string[];
  readonly generationTokens: readonly string[];
  /** Prompt tokens that were looked up in the prefix cache, and those found. */
  readonly prefixCacheQueries: readonly string[];
  readonly prefixCacheHits: readonly string[];
  /** A counter that grows with every step of the computation, also in the middle of a request. */
  readonly steps: readonly string[];
}

export interface Recipe {
  /** The program, unless the operator names another one. */
  readonly program: string;
  readonly tasks: readonly EndpointTask[];
  command(plan: ServerPlan): ServerCommand;
  /** Options that the worker sets itself and depends on. */
  readonly reservedOptions: readonly string[];
  /** Relative to the address of the server; responds with 200 once the model is loaded and while it can compute. */
  readonly healthPath: string;
  readonly metrics: MetricNames;
  /** Lines of the log that say that memory is short. */
  readonly memoryIsShort: readonly RegExp[];
}

/** Returns the option with its value; nothing for undefined. */
export function option(name: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [name, String(value)];
}
