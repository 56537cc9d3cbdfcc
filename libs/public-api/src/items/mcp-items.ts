/** Tools of MCP servers: their list, calls of them, and approvals of calls. */
import { z } from 'zod';
import { callId, listOf, name, nullable, openObject, optional } from './item-fields.ts';

const server = { server_label: name };

const mcpListTools = z.object({
  type: z.literal('mcp_list_tools'),
  ...server,
  tools: listOf(
    z.object({
      name,
      description: optional(z.string()),
      input_schema: openObject,
      annotations: optional(openObject),
    }),
  ),
  error: optional(z.string()),
});

const mcpApprovalRequest = z.object({
  type: z.literal('mcp_approval_request'),
  ...server,
  name,
  arguments: z.string(),
});

const mcpApprovalResponse = z
  .object({
    type: z.literal('mcp_approval_response'),
    approval_request_id: callId,
    approve: z.boolean(),
    reason: optional(z.string()),
  })
  // The OpenAI document requires `request_id`, too, without saying what it is.
  .transform((response) => ({ ...response, request_id: response.approval_request_id }));

const mcpCallError = z.discriminatedUnion('type', [
  z.object({ type: z.literal('mcp_protocol_error'), code: z.number().int(), message: z.string() }),
  z.object({ type: z.literal('mcp_tool_execution_error'), content: nullable(z.unknown()) }),
  z.object({ type: z.literal('http_error'), code: z.number().int(), message: z.string() }),
]);

const mcpCall = z.object({
  type: z.literal('mcp_call'),
  status: optional(z.enum(['in_progress', 'completed', 'incomplete', 'calling', 'failed'])),
  ...server,
  name,
  arguments: z.string(),
  output: optional(z.string()),
  error: optional(mcpCallError),
  approval_request_id: optional(callId),
});

export const mcpItems = [mcpListTools, mcpApprovalRequest, mcpApprovalResponse, mcpCall] as const;
