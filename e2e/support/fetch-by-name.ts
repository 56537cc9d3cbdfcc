/** A `fetch` that resolves every host name to this machine, like a wildcard DNS record. */
import { request as httpRequest } from 'node:http';
import { Readable } from 'node:stream';
import type { LookupFunction } from 'node:net';

const lookup: LookupFunction = (_name, options, callback) => {
  if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};

export const fetchByName: typeof fetch = (url, { method = 'GET', headers, body, signal } = {}) =>
  new Promise((resolve, reject) => {
    const request = httpRequest(url as URL | string, {
      method,
      lookup,
      headers: Object.fromEntries(new Headers(headers)),
      ...(signal != null && { signal }),
    });
    request.once('error', reject);
    request.once('response', (response) => {
      const headerEntries = Object.entries(response.headers).map(
        ([name, value]) => [name, String(value)] as [string, string],
      );
      resolve(
        new Response(Readable.toWeb(response) as ReadableStream, {
          status: response.statusCode ?? 0,
          headers: headerEntries,
        }),
      );
    });
    request.end(body as string | undefined);
  });
