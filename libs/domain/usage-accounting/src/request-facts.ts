/** The facts of a request as text. They are not encrypted: a worker knows them anyway. */
import { requestFacts } from '@xerotier/contracts/inference';
import type { RequestFacts } from '@xerotier/contracts/inference';

const SEPARATOR = '~';

export function encodeFacts({ kind, priority, streamed, choices, startedAt, deadlineAt }: RequestFacts): string {
  return `${kind}~${priority}~${streamed ? 1 : 0}~${choices}~${startedAt}~${deadlineAt}`;
}

/** Returns undefined for text that no gateway has encoded. */
export function decodeFacts(text: string): RequestFacts | undefined {
  const [kind, priority, streamed, choices, startedAt, deadlineAt, ...more] = text.split(SEPARATOR);
  if (more.length > 0) return undefined;
  return requestFacts.safeParse({
    ...{ kind, priority, streamed: streamed === '1' },
    ...{ choices: Number(choices), startedAt: Number(startedAt), deadlineAt: Number(deadlineAt) },
  }).data;
}
