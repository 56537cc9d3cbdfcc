/** The tools of a request, and which of them a model may or must call. */
import { z } from 'zod';
import { jsonSchema } from '../chat-completions/json-schema.ts';
import { functionName } from '../chat-completions/request.ts';
import { nullable, optional } from '../items/item-fields.ts';

const TOOLS_MAX = 128;

const description = z.string().max(65_536);
const clientTool = {
  defer_loading: optional(z.boolean()),
  allowed_callers: optional(z.array(z.enum(['direct', 'programmatic'])).max(2)),
};

/** Responses have these three as null if they are not specified. */
const functionTool = z.object({
  type: z.literal('function'),
  name: functionName,
  description: nullable(description),
  parameters: nullable(jsonSchema),
  strict: nullable(z.boolean()),
  output_schema: optional(jsonSchema),
  ...clientTool,
});

const customTool = z.object({
  type: z.literal('custom'),
  name: functionName,
  description: optional(description),
  format: optional(
    z.discriminatedUnion('type', [
      z.object({ type: z.literal('text') }),
      z.object({
        type: z.literal('grammar'),
        syntax: z.enum(['lark', 'regex']),
        definition: z.string().max(65_536).describe('Engines compile it.'),
      }),
    ]),
  ),
  ...clientTool,
});

/** Functions and custom tools that belong together, such as those of an MCP server that the client has connected. */
const namespaceTool = z.object({
  type: z.literal('namespace'),
  name: functionName,
  description: optional(description),
  tools: z
    .array(z.discriminatedUnion('type', [functionTool, customTool]))
    .min(1)
    .max(TOOLS_MAX),
});

const OTHER_TOOL_LENGTH_MAX = 262_144;

/**
 * A tool of another kind, which clients send without knowing whether it is served: it is ignored. Credentials of MCP servers
 * are dropped, since the tools of a request are stored, and are part of its response.
 */
const otherTool = z
  .looseObject({ type: z.string().min(1).max(64) })
  .refine(({ type }) => !['function', 'custom', 'namespace'].includes(type), {
    error: 'is a kind with fields of its own',
    path: ['type'],
  })
  .refine((given) => JSON.stringify(given).length <= OTHER_TOOL_LENGTH_MAX, {
    error: `must be at most ${OTHER_TOOL_LENGTH_MAX} characters as JSON without whitespace`,
  })
  .transform(({ authorization: _token, headers: _headers, ...others }): OtherTool => others);

/** Its type is none of those above. */
interface OtherTool {
  type: string;
  [field: string]: unknown;
}

const tool = z.union([functionTool, customTool, namespaceTool, otherTool]);
export type ResponseTool = z.output<typeof tool>;

export type FunctionTool = z.output<typeof functionTool>;
export type CustomTool = z.output<typeof customTool>;

export type NamespaceTool = z.output<typeof namespaceTool>;

export function isFunctionTool(given: ResponseTool): given is FunctionTool {
  return given.type === 'function';
}

export function isCustomTool(given: ResponseTool): given is CustomTool {
  return given.type === 'custom';
}

export function isNamespaceTool(given: ResponseTool): given is NamespaceTool {
  return given.type === 'namespace';
}

export const tools = z.array(tool).max(TOOLS_MAX);

const name = z.string().min(1).max(256);

/** Kinds of tools that can be chosen by their type alone: those of the OpenAI specification, and what its SDKs send. */
const HOSTED_TYPES = [
  'file_search',
  'web_search',
  'web_search_2025_08_26',
  'web_search_preview',
  'web_search_preview_2025_03_11',
  'computer',
  'computer_use',
  'computer_use_preview',
  'image_generation',
  'code_interpreter',
  'programmatic_tool_calling',
  'local_shell',
  'shell',
  'apply_patch',
  'tool_search',
] as const;

export const toolChoice = z.union([
  z.enum(['none', 'auto', 'required']),
  z.object({ type: z.literal('function'), name }),
  z.object({ type: z.literal('custom'), name }),
  z.object({
    type: z.literal('allowed_tools'),
    mode: z.enum(['auto', 'required']),
    tools: z
      .array(z.looseObject({ type: z.string().min(1).max(64), name: optional(z.string().max(256)) }))
      .min(1)
      .max(TOOLS_MAX),
  }),
  z.object({ type: z.literal('mcp'), server_label: name, name: optional(name) }),
  z.object({ type: z.enum(HOSTED_TYPES) }),
]);
export type ResponseToolChoice = z.output<typeof toolChoice>;

/** Returns what is wrong with the choice; undefined if it fits the tools. */
export function toolChoiceFault(choice: ResponseToolChoice, given: readonly ResponseTool[]): string | undefined {
  if (choice === 'none' || choice === 'auto') return undefined;
  if (given.length === 0) return 'is only allowed when tools are specified';
  const unknown = namedBy(choice).find(
    ({ type, name: named }) => !given.some((each) => each.type === type && each.name === named),
  );
  return unknown && `names the ${unknown.type} tool '${unknown.name}', which is not in tools`;
}

type NamedTool = { readonly type: 'function' | 'custom'; readonly name: string | undefined };

function namedBy(choice: ResponseToolChoice): NamedTool[] {
  if (typeof choice === 'string') return [];
  if (choice.type === 'function' || choice.type === 'custom') return [choice];
  return choice.type === 'allowed_tools' ? choice.tools.filter(isNamed) : [];
}

const isNamed = (tool: { type: string }): tool is NamedTool => tool.type === 'function' || tool.type === 'custom';
