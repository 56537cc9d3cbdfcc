/** Charges what a stream of the responses service has used, once it has ended, and writes what comes to the response. */
import { emptyUsage, usageOfError } from '@xerotier/contracts/inference';
import type { TokenUsage } from '@xerotier/contracts/inference';
import { AppError } from '@xerotier/errors';
import { holdLogLine, noteForLog } from '@xerotier/http';
import type { RawRequest } from '@xerotier/http';
import type { TurnSink } from './turn-response.ts';

export type ChargedSink = Pick<TurnSink, 'head' | 'data' | 'error'> & {
  end(end: { readonly usage: TokenUsage }): void;
};

/** Delays the access log line until the usage is known. */
export function chargedSink(request: RawRequest, response: TurnSink, charge: (usage: TokenUsage) => void): ChargedSink {
  const release = holdLogLine(request);
  const ended = (usage: TokenUsage): void => {
    const { promptTokens, completionTokens, cachedTokens } = usage;
    noteForLog(request, { promptTokens, completionTokens, cachedTokens });
    charge(usage);
    release();
  };
  return {
    head: response.head.bind(response),
    data: response.data.bind(response),
    end: ({ usage }) => {
      ended(usage);
      response.end();
    },
    error: (error) => {
      ended(usageOfError(error) ?? emptyUsage());
      response.error(outage(error));
    },
  };
}

/** An outage of the responses service is no error of the engine. */
export function outage(error: AppError): AppError {
  const isOutage =
    error.code === 'bus.no_responders' || error.code === 'db.unavailable' || error.code === 'bus.overloaded';
  return isOutage ? new AppError('responses.unavailable', {}, { cause: error }) : error;
}
