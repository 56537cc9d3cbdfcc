/** A subcommand of a service: what an operator does by hand, or a deployment before it starts the service. */
import type { Logger } from '@xerotier/log';

/** What a command reads and writes: of the process, or of a test. */
export interface CommandIo {
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  readonly env: NodeJS.ProcessEnv;
}

export interface CommandContext extends CommandIo {
  /** Writes to standard error: standard output is for results. */
  readonly log: Logger;
  /** Name of the service. */
  readonly service: string;
}

/** One line of the usage text. */
export interface CommandCall {
  /** For example `keys revoke <id>`. */
  readonly call: string;
  /** May have several lines. */
  readonly does: string;
}

export interface Command {
  readonly name: string;
  readonly usage: readonly CommandCall[];
  /**
   * @throws {UsageError} when it was called wrongly: exit code 2. Everything else that it throws is exit code 1; the log has
   * the stack unless it is a {@link CommandError}, an `AppError` or a `ConfigError`, whose messages say all there is to know.
   */
  run(args: readonly string[], context: CommandContext): Promise<void>;
}

/** The command was called in a way that it does not understand. Its message says how to call it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command was understood and cannot be done. Its message says why. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';
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
