/** Calls of tools that the client runs, their outputs, and what models are told of tools within a conversation. */
import { z } from 'zod';
import { toolOutput } from './content-parts.ts';
import { callId, caller, COMPLETION_STATUSES, name, nullable, openObject, optional, status } from './item-fields.ts';

const namespace = optional(z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -'));

export const functionCall = z.object({
  type: z.literal('function_call'),
  status: status(COMPLETION_STATUSES),
  call_id: callId,
  name,
  namespace,
  arguments: z.string(),
  caller,
});

export const functionCallOutput = z.object({
  type: z.literal('function_call_output'),
  status: status(COMPLETION_STATUSES),
  call_id: optional(callId),
  name: optional(name),
  namespace,
  output: toolOutput,
  caller,
});

export const customToolCall = z.object({
  type: z.literal('custom_tool_call'),
  call_id: callId,
  name,
  namespace,
  input: z.string(),
  caller,
});

export const customToolCallOutput = z.object({
  type: z.literal('custom_tool_call_output'),
  call_id: callId,
  output: toolOutput,
  caller,
});

/** A tool of any kind. */
const tool = z.looseObject({ type: z.string().min(1).max(64) });
const tools = z.array(tool).max(128);
const execution = z
  .enum(['server', 'client'])
  .nullish()
  .transform((value) => value ?? 'client');

export const toolSearchCall = z.object({
  type: z.literal('tool_search_call'),
  status: status(COMPLETION_STATUSES),
  call_id: nullable(callId),
  execution,
  arguments: openObject,
});

export const toolSearchOutput = z.object({
  type: z.literal('tool_search_output'),
  status: status(COMPLETION_STATUSES),
  call_id: nullable(callId),
  execution,
  tools,
});

export const additionalTools = z.object({
  type: z.literal('additional_tools'),
  role: z.literal('developer'),
  tools,
});

export const program = z.object({
  type: z.literal('program'),
  call_id: callId,
  code: z.string(),
  fingerprint: z.string(),
});

export const programOutput = z.object({
  type: z.literal('program_output'),
  status: status(['completed', 'incomplete']),
  call_id: callId,
  result: z.string(),
});

const functionItems = [functionCall, functionCallOutput, customToolCall, customToolCallOutput] as const;
const toolItems = [toolSearchCall, toolSearchOutput, additionalTools, program, programOutput] as const;
export const clientToolItems = [...functionItems, ...toolItems] as const;
