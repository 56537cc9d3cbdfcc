import { createHmac } from 'node:crypto';

const LENGTH = 32;

/** Derives what a server gets as the salt of a tenant. The server cannot find out who the tenant is, nor can another tenant guess it. */
export function cacheSaltOf(secret: string, tenant: string): string {
  return createHmac('sha256', secret).update(tenant).digest('base64url').slice(0, LENGTH);
}
