/** The lines of output and error files, as OpenAI writes them. */
import { hash } from 'node:crypto';

export interface LineOutput {
  readonly customId: string;
  /** The response of the API, whatever its status. */
  readonly response?: { readonly status: number; readonly requestId: string; readonly body: Buffer };
  /** Why there is no response. */
  readonly error?: { readonly code: string; readonly message: string };
}

/** @param id of the batch, and with the number of the line that of its result. */
export function outputLine(id: string, number: number, { customId, response, error }: LineOutput): string {
  // The body is JSON already.
  const body =
    response &&
    `{"status_code":${response.status},"request_id":${JSON.stringify(response.requestId)},"body":${jsonOf(response.body)}}`;
  const fields = [
    `"id":${JSON.stringify(resultIdOf(id, number))}`,
    `"custom_id":${JSON.stringify(customId)}`,
    `"response":${body ?? 'null'}`,
    `"error":${error === undefined ? 'null' : JSON.stringify(error)}`,
  ];
  return `{${fields.join(',')}}\n`;
}

/** One line of text, so that it fits into a line. */
function jsonOf(body: Buffer): string {
  const text = body.toString('utf8');
  return text.includes('\n') ? JSON.stringify(JSON.parse(text)) : text;
}

/** The same whenever the line is run again. */
function resultIdOf(batchId: string, number: number): string {
  return `batch_req_${hash('sha256', `${batchId} ${number}`).slice(0, 24)}`;
}
