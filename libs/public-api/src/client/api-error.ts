import { errorResponse } from '../errors/response.ts';

/** An error response of the API. Handle errors by `code`; the message is for humans and may change. */
export class ApiError extends Error {
  readonly status: number;
  /** Undefined if the response is not from this API, such as that of a proxy. */
  readonly code: string | undefined;
  readonly type: string | undefined;
  readonly param: string | undefined;
  /** Include it in problem reports. */
  readonly requestId: string | undefined;
  /** Seconds to wait before a retry; undefined if a retry is not suggested. */
  readonly retryAfterSeconds: number | undefined;

  constructor(message: string, fields: Readonly<Omit<ApiError, keyof Error>>) {
    super(message);
    this.name = 'ApiError';
    this.status = fields.status;
    this.code = fields.code;
    this.type = fields.type;
    this.param = fields.param;
    this.requestId = fields.requestId;
    this.retryAfterSeconds = fields.retryAfterSeconds;
  }
}

export async function apiErrorOf(response: Response): Promise<ApiError> {
  const { status, headers } = response;
  const text = await response.text();
  const { error } = errorResponse.safeParse(parsed(text)).data ?? {};
  return new ApiError(error?.message ?? `${status}: ${text.slice(0, 200)}`, {
    status,
    code: error?.code,
    type: error?.type,
    param: error?.param ?? undefined,
    requestId: headers.get('x-request-id') ?? undefined,
    retryAfterSeconds: error?.retry_after,
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
