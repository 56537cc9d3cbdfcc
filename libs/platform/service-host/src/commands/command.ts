/** A subcommand of a service, run by an operator or by a deployment before it starts the service. */
import type { Logger } from '@xerotier/log';

/** The standard streams and environment of a command. */
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
  /** May contain several lines. */
  readonly does: string;
}

export interface Command {
  readonly name: string;
  readonly usage: readonly CommandCall[];
  /**
   * @throws {UsageError} when the arguments are invalid: exit code 2. Any other error is exit code 1; its stack is
   * logged unless it is a {@link CommandError}, an `AppError` or a `ConfigError`, whose messages are sufficient.
   */
  run(args: readonly string[], context: CommandContext): Promise<void>;
}

/** The command was called with invalid arguments. The message explains the correct usage. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command failed for an expected reason, which the message states. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';
}

/** Reads all of standard input as text. @throws {UsageError} when it exceeds the limit. */
export async function readAll(input: CommandIo['stdin'], bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    if (bytes > bytesMax) throw new UsageError(`Standard input exceeds ${bytesMax} bytes.`);
    chunks.push(buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}
