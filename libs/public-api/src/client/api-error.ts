import { errorResponse } from '../errors/response.ts';

/** A response that is an error. Switch on `code`; the message is for people. */
export class ApiError extends Error {
  readonly status: number;
  /** Undefined where something else than this API has responded, such as a proxy. */
  readonly code: string | undefined;
  readonly type: string | undefined;
  readonly param: string | undefined;
  /** To be told when a problem is reported. */
  readonly requestId: string | undefined;
  /** Seconds after which trying again makes sense; undefined where it makes none. */
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
