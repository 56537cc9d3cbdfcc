import { randomBytes } from 'node:crypto';

/** Ids of models of projects. Operators and workers name others. */
export const UPLOADED_MODEL_ID = /^model_[0-9a-f]{24}$/;

/** 96 random bits. It is a NATS subject token, unlike a name. */
export function newModelId(): string {
  return `model_${randomBytes(12).toString('hex')}`;
}
