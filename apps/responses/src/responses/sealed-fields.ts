/** What responses have sealed with the key of their project. The fields of another response or project do not open. */
import { open, seal } from '@xerotier/sealing';
import type { RequestedFields, Outcome } from '../turns/response-object.ts';
import type { ResponseKey } from './responses.repository.ts';

/** The columns of a response, and what each has as JSON. */
interface Fields {
  readonly content: RequestedFields;
  readonly job: unknown;
  readonly outcome: Outcome;
}

export function sealField<Name extends keyof Fields>(
  key: Buffer,
  response: ResponseKey,
  name: Name,
  value: Fields[Name],
): Buffer {
  return seal(key, JSON.stringify(value), contextOf(response, name));
}

export function openField<Name extends keyof Fields>(
  key: Buffer,
  response: ResponseKey,
  name: Name,
  sealed: Buffer,
): Fields[Name] {
  return JSON.parse(open(key, sealed, contextOf(response, name)).toString('utf8')) as Fields[Name];
}

function contextOf({ projectId, id }: ResponseKey, name: keyof Fields): [string, ...string[]] {
  return ['responses.response', name, projectId, id];
}
