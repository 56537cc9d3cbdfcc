/** Calls of tools that a server runs. They are kept as they come. */
import { z } from 'zod';
import { callId, COMPLETION_STATUSES, listOf, name, nullable, optional, status } from './item-fields.ts';

const fileSearchCall = z.object({
  type: z.literal('file_search_call'),
  status: status(['in_progress', 'searching', 'completed', 'incomplete', 'failed']),
  queries: listOf(z.string()),
  results: optional(
    listOf(
      z.object({
        file_id: z.string().max(256).optional(),
        text: z.string().optional(),
        filename: z.string().optional(),
        attributes: z
          .record(z.string().max(64), z.union([z.string().max(512), z.number(), z.boolean()]))
          .nullable()
          .optional(),
        score: z.number().optional(),
      }),
    ),
  ),
});

const webSearchAction = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('search'),
    query: optional(z.string()),
    queries: optional(listOf(z.string())),
    sources: optional(listOf(z.object({ type: z.literal('url'), url: z.string() }))),
  }),
  z.object({ type: z.literal('open_page'), url: optional(z.string()) }),
  z.object({ type: z.literal('find_in_page'), url: z.string(), pattern: z.string() }),
]);

const webSearchCall = z.object({
  type: z.literal('web_search_call'),
  status: status(['in_progress', 'searching', 'completed', 'failed']),
  action: webSearchAction,
});

const coordinate = z.number().int();
const point = { x: coordinate, y: coordinate };
const keys = listOf(z.string().max(64));
const withKeys = { keys: optional(keys) };

const computerAction = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('click'),
    button: z.enum(['left', 'right', 'wheel', 'back', 'forward']),
    ...point,
    ...withKeys,
  }),
  z.object({ type: z.literal('double_click'), ...point, keys: nullable(keys) }),
  z.object({ type: z.literal('drag'), path: listOf(z.object(point)), ...withKeys }),
  z.object({ type: z.literal('keypress'), keys }),
  z.object({ type: z.literal('move'), ...point, ...withKeys }),
  z.object({ type: z.literal('screenshot') }),
  z.object({ type: z.literal('scroll'), ...point, scroll_x: coordinate, scroll_y: coordinate, ...withKeys }),
  z.object({ type: z.literal('type'), text: z.string() }),
  z.object({ type: z.literal('wait') }),
]);

const safetyChecks = listOf(
  z.object({ id: z.string().max(256), code: optional(z.string()), message: optional(z.string()) }),
);

const computerCall = z.object({
  type: z.literal('computer_call'),
  status: status(COMPLETION_STATUSES),
  call_id: callId,
  action: optional(computerAction),
  actions: optional(listOf(computerAction)),
  pending_safety_checks: nullable(safetyChecks).transform((checks) => checks ?? []),
});

const computerCallOutput = z.object({
  type: z.literal('computer_call_output'),
  status: status(['completed', 'incomplete']),
  call_id: callId,
  output: z.object({
    type: z.literal('computer_screenshot'),
    image_url: optional(z.string().min(1)),
    file_id: optional(z.string().max(256)),
  }),
  acknowledged_safety_checks: optional(safetyChecks),
});

const codeInterpreterCall = z.object({
  type: z.literal('code_interpreter_call'),
  status: status(['in_progress', 'completed', 'incomplete', 'interpreting', 'failed']),
  container_id: name,
  code: nullable(z.string()),
  outputs: nullable(
    listOf(
      z.discriminatedUnion('type', [
        z.object({ type: z.literal('logs'), logs: z.string() }),
        z.object({ type: z.literal('image'), url: z.string() }),
      ]),
    ),
  ),
});

const imageGenerationCall = z.object({
  type: z.literal('image_generation_call'),
  status: status(['in_progress', 'completed', 'generating', 'failed']),
  result: nullable(z.string()),
});

export const hostedItems = [
  fileSearchCall,
  webSearchCall,
  computerCall,
  computerCallOutput,
  codeInterpreterCall,
  imageGenerationCall,
] as const;
