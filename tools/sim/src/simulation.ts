/** Runs a trace against modelled engines, behind a router. */
import { EngineModel } from './engine-model.ts';
import type { EngineCosts } from './engine-model.ts';
import { EventQueue } from './event-queue.ts';
import type { SimRouter } from './sim-router.ts';
import type { Outcome, SimRequest } from './sim-request.ts';

export interface SimulationResult {
  readonly outcomes: readonly Outcome[];
  /** Requests that had not ended when the time was up. */
  readonly unfinished: number;
  /** Share of the time for which each engine computed. */
  readonly utilization: readonly number[];
  readonly endedAt: number;
}

type SimEvent = { readonly arrival: SimRequest } | { readonly engine: number };

export function simulate(
  arrivals: readonly SimRequest[],
  { engines, costs, untilMs }: { readonly engines: number; readonly costs: EngineCosts; readonly untilMs: number },
  newRouter: (fleet: readonly EngineModel[]) => SimRouter,
): SimulationResult {
  const queue = new EventQueue<SimEvent>();
  const outcomes: Outcome[] = [];
  const scheduled = new Float64Array(engines).fill(Infinity);
  let [now, open] = [0, 0];
  const fleet = Array.from(
    { length: engines },
    (_, engine) =>
      new EngineModel(costs, {
        begin: (request, at, cached) => router.begin(request, engine, at, cached),
        end: (request, at, firstTokenAt, cachedTokens) => {
          open -= 1;
          outcomes.push({
            ...{ request, engine, cachedTokens, endedAt: at },
            firstTokenMs: firstTokenAt - request.arrivedAt,
            nextTokenMs: (at - firstTokenAt) / Math.max(1, request.outputTokens - 1),
          });
          router.end(request, engine, at);
          const next = request.then?.(request, at);
          if (next !== undefined) queue.add(next.arrivedAt, { arrival: next });
        },
      }),
  );
  const router = newRouter(fleet);
  router.dispatch = (request, engine) => {
    const target = fleet[engine] as EngineModel;
    target.submit(request, now);
    schedule(engine);
  };
  const schedule = (engine: number): void => {
    const { nextEventAt } = fleet[engine] as EngineModel;
    if (nextEventAt === scheduled[engine]) return;
    scheduled[engine] = nextEventAt;
    if (nextEventAt < Infinity) queue.add(nextEventAt, { engine });
  };
  for (const arrival of arrivals) queue.add(arrival.arrivedAt, { arrival });
  for (let next = queue.take(); next !== undefined && next.at <= untilMs; next = queue.take()) {
    now = next.at;
    const { event } = next;
    if ('arrival' in event) {
      open += 1;
      router.arrive(event.arrival, now);
    } else if (now === scheduled[event.engine]) {
      scheduled[event.engine] = Infinity;
      (fleet[event.engine] as EngineModel).advance();
      schedule(event.engine);
    }
  }
  return {
    outcomes,
    unfinished: open,
    utilization: fleet.map(({ busyMs }) => busyMs / Math.max(1, now)),
    endedAt: now,
  };
}
