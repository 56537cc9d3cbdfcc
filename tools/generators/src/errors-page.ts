/** docs/generated/errors.md: all errors that a client may receive. */
import { errors } from '@xerotier/contracts/errors';
import type { ErrorDefinition } from '@xerotier/contracts/errors';
import { publicErrorType } from '@xerotier/public-api/errors';
import { GENERATED_NOTE, table } from './markdown.ts';

export function errorsPage(): string {
  const rows = Object.entries<ErrorDefinition>(errors)
    .sort(([, a], [, b]) => a.status - b.status)
    .map(([code, { status, publicCode, retryable, message, publicMessage }]) => [
      String(status),
      publicErrorType(publicCode),
      `\`${publicCode}\``,
      retryable ? 'yes' : '',
      publicMessage ?? message,
      `\`${code}\`` + (publicMessage === undefined ? '' : `: ${message}`),
    ]);
  return [
    '# Errors',
    GENERATED_NOTE,
    'The body is always `{ "error": { "message", "type", "param", "code" } }`, with `retry_after` (seconds) and `retry_strategy` on 429 and 503. An error after a stream has begun is sent as one event with `type` `stream_error`, and the stream then ends without `[DONE]`. Switch on `code`. The last column is the code in logs, with the internal message if it differs.',
    table(['Status', 'type', 'code', 'Retry?', 'Message', 'In logs'], rows),
  ]
    .join('\n\n')
    .concat('\n');
}
