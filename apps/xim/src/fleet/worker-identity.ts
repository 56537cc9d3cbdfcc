export interface WorkerIdentity {
  readonly workerId: string;
  readonly modelId: string;
}
