/** Duration, outcome and number of the calls of one side of the bus. */
import { operationNameOf } from '@xerotier/contracts/define';
import type { RequestContract, StreamContract } from '@xerotier/contracts/define';
import { attribute } from '@xerotier/telemetry';
import type { Attributes, Histogram, ObservedGauge } from '@xerotier/telemetry';
import { metrics } from './metrics.ts';

type Operation = RequestContract | StreamContract;

const OK = 'ok';

/** The calls of one operation. */
export class OperationCalls {
  readonly name: string;
  /** Of every span of the operation. */
  readonly attributes: Attributes;
  inFlight = 0;
  readonly #duration: Histogram<'operation' | 'code'>;

  constructor(operation: Operation, duration: Histogram<'operation' | 'code'>) {
    const name = operationNameOf(operation);
    const [service, method] = name.split('.', 2);
    this.name = name;
    this.attributes = {
      [attribute.rpcSystem]: 'nats',
      [attribute.rpcService]: service,
      [attribute.rpcMethod]: method,
    };
    this.#duration = duration;
  }

  begin(): number {
    this.inFlight += 1;
    return performance.now();
  }

  /** @param begunAt what `begin` returned. @param code of the error; default: none. */
  end(begunAt: number, code: string = OK): void {
    this.inFlight -= 1;
    this.#duration.labels(this.name, code).observe((performance.now() - begunAt) / 1_000);
  }
}

class Calls {
  readonly #operations = new Map<Operation, OperationCalls>();
  readonly #duration: Histogram<'operation' | 'code'>;

  constructor(duration: Histogram<'operation' | 'code'>, inFlight: ObservedGauge<'operation'>) {
    this.#duration = duration;
    inFlight.observe(() =>
      [...this.#operations.values()].map((calls) => [{ operation: calls.name }, calls.inFlight] as const),
    );
  }

  of(operation: Operation): OperationCalls {
    let calls = this.#operations.get(operation);
    if (calls === undefined) {
      calls = new OperationCalls(operation, this.#duration);
      this.#operations.set(operation, calls);
    }
    return calls;
  }
}

export const clientCalls = new Calls(metrics.clientDuration, metrics.clientInFlight);
export const serverCalls = new Calls(metrics.serverDuration, metrics.serverInFlight);
