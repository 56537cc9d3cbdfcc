/** A line of an output or error file. */
export interface OutputLine {
  readonly id: string;
  readonly custom_id: string;
  readonly response: {
    readonly status_code: number;
    readonly request_id: string;
    readonly body: Readonly<Record<string, unknown>> & {
      readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number };
      readonly error?: { readonly code: string };
    };
  } | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}
