import { createHash, createHmac } from 'node:crypto';
import { LOOPBACK } from './ports.ts';

export interface S3Account {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

const VALID_SECONDS = 60;

/**
 * Returns a URL with a signature (version 4) for one request to a local S3 server within a minute. It is all that starting a
 * server needs of a client.
 * @param path of letters, digits, `-`, `_` and `/`, with the first `/`.
 */
export function signedUrl(method: string, port: number, path: string, account: S3Account, now = new Date()): string {
  const host = `${LOOPBACK}:${port}`;
  const time = now.toISOString().replace(/[-:]|\.\d+/g, '');
  const day = time.slice(0, 8);
  const scope = `${day}/${account.region}/s3/aws4_request`;
  const query = new URLSearchParams({
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${account.accessKeyId}/${scope}`,
    'X-Amz-Date': time,
    'X-Amz-Expires': String(VALID_SECONDS),
    'X-Amz-SignedHeaders': 'host',
  }).toString();
  const request = [method, path, query, `host:${host}`, '', 'host', 'UNSIGNED-PAYLOAD'].join('\n');
  const digest = createHash('sha256').update(request).digest('hex');
  const toSign = ['AWS4-HMAC-SHA256', time, scope, digest].join('\n');
  const key = [day, account.region, 's3', 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${account.secretAccessKey}`,
  );
  const signature = createHmac('sha256', key).update(toSign).digest('hex');
  return `http://${host}${path}?${query}&X-Amz-Signature=${signature}`;
}
