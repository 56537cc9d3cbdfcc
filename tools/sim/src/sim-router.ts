import type { SimRequest } from './sim-request.ts';

/** What decides which engine gets a request, and when. */
export interface SimRouter {
  dispatch: (request: SimRequest, engine: number) => void;
  arrive(request: SimRequest, now: number): void;
  begin(request: SimRequest, engine: number, now: number, cachedTokens: number): void;
  end(request: SimRequest, engine: number, now: number): void;
}
