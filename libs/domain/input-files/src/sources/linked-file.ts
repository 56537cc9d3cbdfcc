import type { EgressClient } from '@xerotier/egress';
import { buffer } from 'node:stream/consumers';
import { FileRejection } from '../file-rejection.ts';
import type { NamedContent } from '../named-content.ts';
import { FILE_BYTES_MAX } from '../named-content.ts';

/**
 * Fetches a file that a URL links, by the client that reaches public addresses only.
 * @throws {FileRejection} for a response that is not successful. @throws {AppError} `egress.*`. @throws the reason of the signal.
 */
export async function fetchFile(egress: EgressClient, link: string, signal: AbortSignal): Promise<NamedContent> {
  const { status, headers, body } = await egress.fetch(link, { bytesMax: FILE_BYTES_MAX, signal });
  if (status < 200 || status > 299) {
    body.destroy();
    throw new FileRejection(`the response of the URL has the status ${status}`);
  }
  const [type = '', ...parameters] = (headers.get('content-type') ?? '').toLowerCase().split(';');
  const charset = parameters.find((parameter) => parameter.trim().startsWith('charset='));
  return {
    name: nameOf(link),
    bytes: await buffer(body),
    mediaType: type.trim(),
    charset: charset?.split('=')[1]?.replaceAll('"', '').trim(),
  };
}

/** The last part of the path, or the host. */
function nameOf(link: string): string {
  const { pathname, host } = new URL(link);
  const last = pathname.split('/').findLast((part) => part !== '');
  if (last === undefined) return host;
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}
