/** A `fetch` that records what a client library sends. */

interface RecordedFetch {
  readonly fetch: typeof fetch;
  /** The JSON bodies of the requests so far, oldest first. */
  readonly sent: readonly Record<string, unknown>[];
}

function recordedFetch(): RecordedFetch {
  const sent: Record<string, unknown>[] = [];
  return {
    sent,
    fetch: (url, init) => {
      if (typeof init?.body === 'string') sent.push(JSON.parse(init.body) as Record<string, unknown>);
      return fetch(url, init);
    },
  };
}

/** What client libraries for Node are given to connect with. */
export interface RecordedConnection extends RecordedFetch {
  readonly baseURL: string;
  readonly apiKey: string;
}

export function recordedConnection(baseURL: string, apiKey: string): RecordedConnection {
  return { ...recordedFetch(), baseURL, apiKey };
}
