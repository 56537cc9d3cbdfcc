import { Injectable } from '@nestjs/common';
import { identityProviderId } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import { SecretBox } from '@xerotier/sealing';
import { z } from 'zod';

/** How long a sign-in may take, at the provider or for the second factor. */
const FLOW_MINUTES = 10;

const flow = z.object({
  provider: identityProviderId,
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  returnTo: z.string(),
  /** The account that an identity is linked to; absent for a sign-in. */
  accountId: z.string().optional(),
  expiresAt: z.number(),
});
/** A sign-in, or a link, that the provider has not responded to yet. */
export type Flow = z.infer<typeof flow>;

const pending = z.object({ issuer: z.string(), subject: z.string(), expiresAt: z.number() });
/** A sign-in of an identity whose account has a second factor. */
export type Pending = z.infer<typeof pending>;

/** Seals what a browser keeps between the steps of a sign-in, so that nothing of it is stored here, and nobody can change it. */
@Injectable()
export class FlowSeal {
  constructor(private readonly secrets: SecretBox) {}

  sealFlow(content: Omit<Flow, 'expiresAt'>): { flow: string; expiresAt: number } {
    const expiresAt = expiry();
    return { flow: this.seal('flow', { ...content, expiresAt }), expiresAt };
  }

  sealPending(content: Omit<Pending, 'expiresAt'>): { pending: string; expiresAt: number } {
    const expiresAt = expiry();
    return { pending: this.seal('pending', { ...content, expiresAt }), expiresAt };
  }

  /** @throws {AppError} `identity.sign_in_failed` for what was not sealed here, or has expired. */
  openFlow(sealed: string): Flow {
    return this.open('flow', sealed, flow);
  }

  /** As `openFlow`. */
  openPending(sealed: string): Pending {
    return this.open('pending', sealed, pending);
  }

  private seal(kind: string, content: object): string {
    return this.secrets.sealJson(content, ['sign-in', kind]).toString('base64url');
  }

  private open<T extends { readonly expiresAt: number }>(kind: string, sealed: string, schema: z.ZodType<T>): T {
    let content: T;
    try {
      content = schema.parse(this.secrets.openJson(Buffer.from(sealed, 'base64url'), ['sign-in', kind]));
    } catch {
      throw new AppError('identity.sign_in_failed');
    }
    if (content.expiresAt <= Date.now()) throw new AppError('identity.sign_in_failed');
    return content;
  }
}

function expiry(): number {
  return Date.now() + FLOW_MINUTES * 60_000;
}
