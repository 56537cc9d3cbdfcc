import { z } from 'zod';
import { KEY_BYTES } from './seal.ts';

const HEX = /^[0-9a-f]{64}$/i;
const BASE64 = /^[A-Za-z0-9+/]{43}=$/;

/** A master key as text: 32 bytes in base64 (`openssl rand -base64 32`) or hexadecimal (`openssl rand -hex 32`). */
export const sealingKey = z
  .string()
  .refine((text) => HEX.test(text) || BASE64.test(text), `must be ${KEY_BYTES} bytes in base64 or hexadecimal`)
  .transform((text) => Buffer.from(text, HEX.test(text) ? 'hex' : 'base64'));
