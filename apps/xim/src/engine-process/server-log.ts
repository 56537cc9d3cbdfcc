/** The last lines of the output of a server, without secrets. It bounds the number and the length of lines. */
const LINES_MAX = 200;
const LINE_LENGTH_MAX = 1_000;
/** Of a line that has not ended: longer than a line that is kept, so that no secret is cut in half before it is removed. */
const REST_LENGTH_MAX = 16_384;
/** A secret that is shorter would remove ordinary words. */
const SECRET_LENGTH_MIN = 8;

/** Colours and cursor movements, which progress bars use. */
const CONTROL_SEQUENCES = /\u001b\[[0-9;?]*[A-Za-z]|[\u0000-\u0008\u000b-\u001f\u007f]/g;
const CREDENTIALS = /\b(?:bearer\s+\S+|(?:sk|hf|xero|xjk)[-_][\w-]{8,})|(?<=:\/\/)[^\s/@]+(?=@)/gi;

export class ServerLog {
  readonly #secrets: readonly string[];
  readonly #lines: string[] = [];
  readonly #onLine: (line: string) => void;

  /** @param onLine called with each line. */
  constructor(secrets: readonly string[], onLine: (line: string) => void = () => undefined) {
    this.#secrets = secrets.filter(({ length }) => length >= SECRET_LENGTH_MIN);
    this.#onLine = onLine;
  }

  /** Returns a function that takes pieces of a stream; lines of different streams are not mixed. */
  stream(): (piece: string) => void {
    let rest = '';
    return (piece) => {
      // A progress bar returns to the beginning of its line.
      const lines = (rest + piece).split(/\r?\n|\r/);
      rest = (lines.pop() ?? '').slice(0, REST_LENGTH_MAX);
      for (const line of lines) this.#add(line);
    };
  }

  /** The last lines, the oldest first. */
  last(count: number): string[] {
    return this.#lines.slice(-count);
  }

  /** The last line that matches one of the expressions. */
  find(expressions: readonly RegExp[]): string | undefined {
    return this.#lines.findLast((line) => expressions.some((expression) => expression.test(line)));
  }

  #add(text: string): void {
    const clean = this.#withoutSecrets(text.slice(0, REST_LENGTH_MAX).replace(CONTROL_SEQUENCES, ''));
    const line = clean.slice(0, LINE_LENGTH_MAX).trimEnd();
    if (line === '') return;
    this.#lines.push(line);
    if (this.#lines.length > LINES_MAX) this.#lines.shift();
    this.#onLine(line);
  }

  #withoutSecrets(line: string): string {
    const known = this.#secrets.reduce((rest, secret) => rest.replaceAll(secret, '[removed]'), line);
    return known.replace(CREDENTIALS, '[removed]');
  }
}
