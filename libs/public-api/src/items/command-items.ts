/** Commands and patches that a model wants to be run or applied, and what came of it. */
import { z } from 'zod';
import { callId, caller, COMPLETION_STATUSES, listOf, name, nullable, optional, status } from './item-fields.ts';

const milliseconds = z.number().int().nonnegative();

const localShellCall = z.object({
  type: z.literal('local_shell_call'),
  status: status(COMPLETION_STATUSES),
  call_id: callId,
  action: z.object({
    type: z.literal('exec'),
    command: listOf(z.string()),
    timeout_ms: optional(milliseconds),
    working_directory: optional(z.string().max(4_096)),
    env: z
      .record(z.string().max(256), z.string())
      .nullish()
      .transform((value) => value ?? {}),
    user: optional(z.string().max(256)),
  }),
});

/** In requests, its `id` is that of the call, if there is no `call_id`. */
const localShellCallOutput = z
  .object({
    type: z.literal('local_shell_call_output'),
    status: status(COMPLETION_STATUSES),
    id: optional(callId),
    call_id: optional(callId),
    output: z.string(),
  })
  .refine(({ id, call_id: call }) => id !== undefined || call !== undefined, {
    error: 'is required unless `id` is present',
    path: ['call_id'],
  })
  .transform(({ id, call_id: call, ...output }) => ({ ...output, call_id: call ?? id }));

const environment = nullable(
  z.discriminatedUnion('type', [
    // Its skills are for the model of one request, and no part of the item.
    z.object({ type: z.literal('local') }),
    z.object({ type: z.literal('container_reference'), container_id: name }),
  ]),
);
const outputLength = nullable(z.number().int().nonnegative());

const shellCall = z.object({
  type: z.literal('shell_call'),
  status: status(COMPLETION_STATUSES),
  call_id: callId,
  action: z.object({
    commands: listOf(z.string()),
    timeout_ms: nullable(milliseconds),
    max_output_length: outputLength,
  }),
  environment,
  caller,
});

const shellCallOutput = z.object({
  type: z.literal('shell_call_output'),
  status: status(COMPLETION_STATUSES),
  call_id: callId,
  output: listOf(
    z.object({
      stdout: z.string(),
      stderr: z.string(),
      outcome: z.discriminatedUnion('type', [
        z.object({ type: z.literal('timeout') }),
        z.object({ type: z.literal('exit'), exit_code: z.number().int() }),
      ]),
    }),
  ),
  max_output_length: outputLength,
  caller,
});

const path = z.string().min(1).max(4_096);

const applyPatchCall = z.object({
  type: z.literal('apply_patch_call'),
  status: status(['in_progress', 'completed']),
  call_id: callId,
  operation: z.discriminatedUnion('type', [
    z.object({ type: z.literal('create_file'), path, diff: z.string() }),
    z.object({ type: z.literal('delete_file'), path }),
    z.object({ type: z.literal('update_file'), path, diff: z.string() }),
  ]),
  caller,
});

const applyPatchCallOutput = z.object({
  type: z.literal('apply_patch_call_output'),
  status: status(['completed', 'failed']),
  call_id: callId,
  output: optional(z.string()),
  caller,
});

export const commandItems = [
  localShellCall,
  localShellCallOutput,
  shellCall,
  shellCallOutput,
  applyPatchCall,
  applyPatchCallOutput,
] as const;
