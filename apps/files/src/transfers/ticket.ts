/**
 * Tickets: what one transfer over HTTP may do, signed. They are made and verified by instances of this service, whose master key the
 * signing key is derived from.
 */
import { changeContext } from '@xerotier/contracts/auth';
import { byteRange, filesContract } from '@xerotier/contracts/files';
import { projectId } from '@xerotier/contracts/ids';
import { AppError } from '@xerotier/errors';
import { PART_BYTES_MAX } from '@xerotier/public-api/uploads';
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

const grant = z.discriminatedUnion('kind', [
  /** To create a file of the form that is sent. */
  z.object({
    kind: z.literal('create-file'),
    change: changeContext,
    formBytes: z.number().int().optional(),
    writes: filesContract.operations.beginFile.input.shape.writes,
  }),
  /** To add a part to an upload. */
  z.object({
    ...{ kind: z.literal('add-part'), change: changeContext, uploadId: z.string() },
    bytesMax: z.number().int().default(PART_BYTES_MAX),
    formBytes: z.number().int().optional(),
  }),
  /** To read the content of a file, or a range of it. */
  z.object({ kind: z.literal('read-content'), projectId, fileId: z.string(), range: byteRange }),
  /** To read a file of a model, or a range of it. */
  z.object({
    ...{ kind: z.literal('read-model-file'), projectId, versionId: z.string(), path: z.string() },
    range: byteRange,
  }),
]);
/** What a ticket allows. */
export type Grant = z.infer<typeof grant>;
export type GrantOf<Kind extends Grant['kind']> = Extract<Grant, { kind: Kind }>;

const signed = z.object({ grant, expiresAt: z.number() });

/** How long after a ticket was made its transfer may begin. */
const VALID_MS = 60_000;

export class Tickets {
  readonly #keys: readonly Buffer[];

  /** @param masterKeys the current one, and the previous one during a rotation. */
  constructor(...masterKeys: readonly Uint8Array[]) {
    this.#keys = masterKeys.map((key) => Buffer.from(hkdfSync('sha256', key, '', 'xerotier files ticket', 32)));
  }

  issue(of: Grant, now = Date.now()): string {
    const content = Buffer.from(JSON.stringify({ grant: of, expiresAt: now + VALID_MS })).toString('base64url');
    return `${content}.${signatureOf(this.#keys[0] as Buffer, content).toString('base64url')}`;
  }

  /** @throws {AppError} `file.invalid_ticket` for one that is of no such kind, expired, or not signed by this service. */
  verify<Kind extends Grant['kind']>(ticket: string, kinds: readonly Kind[], now = Date.now()): GrantOf<Kind> {
    const [content = '', signature = ''] = ticket.split('.');
    const given = Buffer.from(signature, 'base64url');
    const isSigned = this.#keys.some((key) => {
      const expected = signatureOf(key, content);
      return given.length === expected.length && timingSafeEqual(given, expected);
    });
    if (!isSigned) throw new AppError('file.invalid_ticket');
    const { grant: allowed, expiresAt } = signed.parse(JSON.parse(Buffer.from(content, 'base64url').toString('utf8')));
    if (!kinds.some((kind) => kind === allowed.kind) || expiresAt < now) throw new AppError('file.invalid_ticket');
    return allowed as GrantOf<Kind>;
  }
}

function signatureOf(key: Buffer, content: string): Buffer {
  return createHmac('sha256', key).update(content).digest();
}
