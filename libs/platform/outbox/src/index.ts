export { addAllToOutbox, addToOutbox, outboxBacklog } from './outbox.ts';
export type { OutboxBacklog, OutboxOptions } from './outbox.ts';
export { startOutboxRelay } from './outbox-relay.ts';
export type { OutboxRelay, OutboxRelayOptions } from './outbox-relay.ts';
export { createOutboxTables, dropOutboxTables } from './outbox-tables.ts';
export { pruneInbox, withInbox } from './inbox.ts';
export type { InboxEntry } from './inbox.ts';
