import type { accessChanged } from '@xerotier/contracts/auth';
import type { z } from 'zod';

export type AccessChange = z.input<typeof accessChanged.data>;

/** Notifies everything that caches responses of `authorize` of a change. Called after the change is committed. */
export type AnnounceAccessChange = (change: AccessChange) => void;

/** Injection token of an {@link AnnounceAccessChange}. */
export const ANNOUNCE_ACCESS_CHANGE = Symbol('ANNOUNCE_ACCESS_CHANGE');
