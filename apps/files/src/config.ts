/** The settings of the files service. */
import { boolean, integer, port, secret, setting, url } from '@xerotier/config';
import type { ConfigOf } from '@xerotier/config';
import { dataKeySettings } from '@xerotier/data-keys/settings';
import { databaseSettings } from '@xerotier/db';
import { natsSettings, serviceSettings } from '@xerotier/process';
import { redisSettings } from '@xerotier/redis';
import { z } from 'zod';

export const settings = {
  service: serviceSettings,
  database: databaseSettings,
  nats: natsSettings,
  redis: redisSettings,
  keys: dataKeySettings('FILES_MASTER_KEY'),
  store: {
    directory: setting(
      'FILES_DIRECTORY',
      z.string().min(1).default('/var/lib/xerotier/files'),
      'Folder that the content of files is written to, encrypted, unless FILES_S3_BUCKET is set. All instances of the service need the same one. Default /var/lib/xerotier/files.',
    ),
    s3: {
      bucket: setting(
        'FILES_S3_BUCKET',
        z.string().min(1).optional(),
        'Bucket of an S3-compatible store that the content of files is written to, encrypted; it must exist. Default: a folder, FILES_DIRECTORY.',
      ),
      endpoint: setting(
        'FILES_S3_ENDPOINT',
        url('http', 'https').optional(),
        'URL of the S3-compatible store. Default: that of AWS in FILES_S3_REGION.',
      ),
      region: setting(
        'FILES_S3_REGION',
        z.string().min(1).default('us-east-1'),
        'Region of the bucket. Default us-east-1.',
      ),
      accessKeyId: setting(
        'FILES_S3_ACCESS_KEY_ID',
        z.string().min(1).optional(),
        'Access key of the store; required with FILES_S3_BUCKET.',
      ),
      secretAccessKey: secret(
        'FILES_S3_SECRET_ACCESS_KEY',
        z.string().min(1).optional(),
        'Secret of the access key; required with FILES_S3_BUCKET.',
      ),
      forcePathStyle: setting(
        'FILES_S3_FORCE_PATH_STYLE',
        boolean.default(false),
        'true or false: whether the bucket is in the path of URLs instead of the host, as most stores besides AWS need it. Default false.',
      ),
      keyPrefix: setting(
        'FILES_S3_KEY_PREFIX',
        z
          .string()
          .regex(/^(?:[\w-]+\/)+$/, 'must be segments of letters, digits, _ and -, each with / at its end')
          .optional(),
        'What the keys of all objects begin with, such as xerotier/, in a bucket that is used for something else as well. Not set by default.',
      ),
    },
  },
  transfers: {
    host: setting(
      'HTTP_HOST',
      z.string().min(1).default('127.0.0.1'),
      'Address that transfers of gateways arrive at. Default 127.0.0.1; 0.0.0.0 in containers. Only gateways need to reach it.',
    ),
    port: setting('HTTP_PORT', port.default(0), 'Port that transfers of gateways arrive at. Default 0: any free port.'),
    url: setting(
      'HTTP_URL',
      url('http', 'https').optional(),
      'URL by which gateways reach this instance, or any of them, such as http://files:8090. Default: the address and port that it listens on.',
    ),
    max: setting(
      'FILES_TRANSFERS_MAX',
      integer({ min: 1, max: 10_000 }).default(64),
      'Maximum number of transfers at the same time per instance; each uses about 1 MB of memory. A project may use half of them. Default 64.',
    ),
  },
  models: {
    max: setting(
      'FILES_MODELS_MAX',
      integer({ min: 1, max: 64 }).default(2),
      'Maximum number of uploaded models that one instance stores at the same time; further ones wait. One at a time is checked, in a process of up to 640 MB. Default 2.',
    ),
  },
  sweep: {
    expirySeconds: setting(
      'FILES_EXPIRY_SECONDS',
      integer({ min: 1, max: 86_400 }).default(60),
      'Seconds between two deletions of files that have expired; before it, an expired file is not found any more. Default 60.',
    ),
    reconcileSeconds: setting(
      'FILES_RECONCILE_SECONDS',
      integer({ min: 1, max: 86_400 }).default(300),
      'Seconds between two runs that remove what interrupted transfers have left. Default 300.',
    ),
  },
} as const;

export type FilesConfig = ConfigOf<typeof settings>;
