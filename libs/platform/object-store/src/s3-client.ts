import { S3Client } from '@aws-sdk/client-s3';
import type { S3ClientConfig } from '@aws-sdk/client-s3';

/** How a bucket is reached, and the limits of that. */
export interface S3ClientOptions {
  /** Default: that of AWS for the region. */
  readonly endpoint?: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Default false: the bucket is part of the host name. With true it is the first part of the path. */
  readonly forcePathStyle?: boolean;
  /** Until a connection is open. Default 5 s. */
  readonly connectTimeoutMs?: number;
  /** From the beginning of a request to that of its response, and between pieces of the response. Default 30 s. */
  readonly requestTimeoutMs?: number;
  /** How often a request is sent until it succeeds: after network errors, timeouts, throttling, and 500 to 504. Default 3. */
  readonly attemptsMax?: number;
}

/** Further requests wait for one of these, until their timeout. */
const CONNECTIONS_MAX = 256;
const agent = { keepAlive: true, maxSockets: CONNECTIONS_MAX };

export const REQUEST_TIMEOUT_MS = 30_000;

/** What the SDK otherwise takes from environment variables and files of the user's home folder. */
const NOT_FROM_THE_ENVIRONMENT: S3ClientConfig = {
  ignoreConfiguredEndpointUrls: true,
  defaultsMode: 'standard',
  authSchemePreference: ['sigv4'],
  sigv4aSigningRegionSet: [],
  disableClockSkewCorrection: false,
  disableS3ExpressSessionAuth: false,
  useArnRegion: false,
  useDualstackEndpoint: false,
  useFipsEndpoint: false,
  userAgentAppId: () => Promise.resolve(undefined),
};

export function s3ClientOf(options: S3ClientOptions): S3Client {
  const { endpoint, region, accessKeyId, secretAccessKey, forcePathStyle = false } = options;
  return new S3Client({
    ...NOT_FROM_THE_ENVIRONMENT,
    ...(endpoint !== undefined && { endpoint }),
    region,
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle,
    retryMode: 'standard',
    maxAttempts: options.attemptsMax ?? 3,
    // Other checksums than that of the signature are unknown to many servers.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // With it, each large part has a connection of its own, outside the limit.
    expectContinueHeader: false,
    requestHandler: {
      connectionTimeout: options.connectTimeoutMs ?? 5_000,
      requestTimeout: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
      // It would also end reads whose consumer pauses.
      socketTimeout: 0,
      httpAgent: agent,
      httpsAgent: agent,
    },
  });
}
