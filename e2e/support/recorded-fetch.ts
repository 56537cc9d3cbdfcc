/** A `fetch` that records what a client library sends. */

export interface RecordedFetch {
  readonly fetch: typeof fetch;
  /** The JSON bodies of the requests so far, oldest first. */
  readonly sent: readonly Record<string, unknown>[];
}

export function recordedFetch(): RecordedFetch {
  const sent: Record<string, unknown>[] = [];
  return {
    sent,
    fetch: (url, init) => {
      if (typeof init?.body === 'string') sent.push(JSON.parse(init.body) as Record<string, unknown>);
      return fetch(url, init);
    },
  };
}
