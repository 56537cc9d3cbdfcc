import type { ServerResponse } from 'node:http';

/** Aborted once the client has closed its connection before its response was written. */
export function disconnectSignal(response: ServerResponse): AbortSignal {
  const left = new AbortController();
  const note = (): void => {
    if (!response.writableFinished) left.abort();
  };
  if (response.destroyed) note();
  else response.once('close', note);
  return left.signal;
}
