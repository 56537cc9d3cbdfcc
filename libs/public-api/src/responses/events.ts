/** The events of a streamed response. `sequence_number` counts from 0 without gaps. */
import { z } from 'zod';
import { streamErrorFields } from '../errors/response.ts';
import { item } from '../items/index.ts';
import { components } from '../openapi/components.ts';
import { responseObject } from './response.ts';

const index = z.number().int().min(0);

function event<const Type extends string, Fields extends z.ZodRawShape>(
  type: Type,
  fields: Fields,
): z.ZodObject<{ type: z.ZodLiteral<Type>; sequence_number: typeof index } & Fields> {
  return z.object({ type: z.literal(type), sequence_number: index, ...fields });
}

const ofResponse = { response: responseObject };
const ofItem = { output_index: index, item_id: z.string() };
const ofPart = { ...ofItem, content_index: index };
const ofSummary = { ...ofItem, summary_index: index };
const delta = {
  delta: z.string(),
  obfuscation: z.string().optional().describe('Padding of a random length, unless `include_obfuscation` is false.'),
};

const tokenLogprob = { token: z.string(), logprob: z.number(), bytes: z.array(z.number().int()) };
const logprobs = z.array(z.object({ ...tokenLogprob, top_logprobs: z.array(z.object(tokenLogprob)) }));

const annotation = z.looseObject({
  type: z.enum(['file_citation', 'url_citation', 'container_file_citation', 'file_path']),
});

export const outputPart = z.discriminatedUnion('type', [
  z.object({ type: z.literal('output_text'), text: z.string(), annotations: z.array(annotation), logprobs }),
  z.object({ type: z.literal('refusal'), refusal: z.string() }),
  z.object({ type: z.literal('reasoning_text'), text: z.string() }),
]);
export type OutputPart = z.output<typeof outputPart>;

const summaryPart = z.object({ type: z.literal('summary_text'), text: z.string() });

export const responseStreamEvent = z
  .discriminatedUnion('type', [
    event('response.created', ofResponse),
    event('response.queued', ofResponse),
    event('response.in_progress', ofResponse),
    event('response.completed', ofResponse),
    event('response.incomplete', ofResponse),
    event('response.failed', ofResponse),
    event('response.output_item.added', { output_index: index, item }),
    event('response.output_item.done', { output_index: index, item }),
    event('response.content_part.added', { ...ofPart, part: outputPart }),
    event('response.content_part.done', { ...ofPart, part: outputPart }),
    event('response.output_text.delta', { ...ofPart, ...delta, logprobs }),
    event('response.output_text.done', { ...ofPart, text: z.string(), logprobs }),
    event('response.output_text.annotation.added', { ...ofPart, annotation_index: index, annotation }),
    event('response.refusal.delta', { ...ofPart, ...delta }),
    event('response.refusal.done', { ...ofPart, refusal: z.string() }),
    event('response.reasoning_text.delta', { ...ofPart, ...delta }),
    event('response.reasoning_text.done', { ...ofPart, text: z.string() }),
    event('response.reasoning_summary_part.added', { ...ofSummary, part: summaryPart }),
    event('response.reasoning_summary_part.done', {
      ...ofSummary,
      part: summaryPart,
      status: z.literal('incomplete').optional().describe('Only if the summary was not completed.'),
    }),
    event('response.reasoning_summary_text.delta', { ...ofSummary, ...delta }),
    event('response.reasoning_summary_text.done', { ...ofSummary, text: z.string() }),
    event('response.function_call_arguments.delta', { ...ofItem, ...delta }),
    event('response.function_call_arguments.done', { ...ofItem, name: z.string(), arguments: z.string() }),
    event('response.custom_tool_call_input.delta', { ...ofItem, ...delta }),
    event('response.custom_tool_call_input.done', { ...ofItem, input: z.string() }),
    event('error', streamErrorFields),
  ])
  .register(components, { id: 'ResponseStreamEvent' });
export type ResponseStreamEvent = z.output<typeof responseStreamEvent>;
