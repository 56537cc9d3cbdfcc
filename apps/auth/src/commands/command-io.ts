/** What a command reads and writes: of the process, or of a test. */
export interface CommandIo {
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  readonly env: NodeJS.ProcessEnv;
}

/** The command was called in a way that it does not understand. Its message says how to call it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command was understood and cannot be done. Its message says why. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** All of standard input as text. @throws {UsageError} when it is larger than the bound. */
export async function readAll(input: CommandIo['stdin'], bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    if (bytes > bytesMax) throw new UsageError(`Standard input is larger than ${bytesMax} bytes.`);
    chunks.push(buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}
