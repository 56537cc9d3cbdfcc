/**
 * Control messages from the caller of a stream to its server, on a subject that only that server subscribes to.
 *
 *     message := action u8 | stream id u48 ...
 */
export const controlAction = { cancel: 1, pause: 2, resume: 3, keepAlive: 4 } as const;
export type ControlAction = (typeof controlAction)[keyof typeof controlAction];

const ID_BYTES = 6;

export function encodeControl(action: ControlAction, streamIds: readonly number[]): Buffer {
  const message = Buffer.allocUnsafe(1 + streamIds.length * ID_BYTES);
  message[0] = action;
  streamIds.forEach((id, i) => message.writeUIntBE(id, 1 + i * ID_BYTES, ID_BYTES));
  return message;
}

/** Returns undefined for an invalid message: control messages are hints, so invalid ones are dropped. */
export function decodeControl(message: Uint8Array): { action: ControlAction; streamIds: number[] } | undefined {
  const action = message[0] as ControlAction;
  if (message.length < 1 || (message.length - 1) % ID_BYTES !== 0) return undefined;
  if (action < controlAction.cancel || action > controlAction.keepAlive) return undefined;
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const streamIds: number[] = [];
  for (let at = 1; at < bytes.length; at += ID_BYTES) streamIds.push(bytes.readUIntBE(at, ID_BYTES));
  return { action, streamIds };
}
