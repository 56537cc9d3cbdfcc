import type { filesContract } from '@xerotier/contracts/files';
import type { z } from 'zod';

type Operations = typeof filesContract.operations;
/** What an operation of the service receives, validated. */
export type Input<Name extends keyof Operations> = z.output<Operations[Name]['input']>;
/** What an operation of the service returns. */
export type Output<Name extends keyof Operations> = z.input<Operations[Name]['output']>;
