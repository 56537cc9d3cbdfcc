/** The grammars of a completion: one for the whole output, and one for a tool call. */
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';
import type { Dialect } from '../dialect.ts';
import { GbnfRules, literal } from './gbnf.ts';
import { JsonRules } from './json-rules.ts';
import { SchemaRules } from './schema-rules.ts';

type FunctionTool = NonNullable<ChatCompletionRequest['tools']>[number];

export interface ReplyGrammars {
  /** Applies from the first token; undefined when the output may be any text. */
  readonly reply: string | undefined;
  /** Applies after the opening tag of a tool call, up to the end of the call; undefined without tools. */
  readonly call: string | undefined;
}

/** @throws {AppError} `request.invalid` for an invalid or unsupported schema. */
export function replyGrammars(request: ChatCompletionRequest, dialect: Dialect): ReplyGrammars {
  const tools = callableTools(request);
  const calls: Calls = { tools, all: request.tools ?? [], dialect };
  const format = request.response_format;
  return {
    reply: mustCall(request)
      ? callGrammar(calls, 'with its opening')
      : format === undefined || format.type === 'text'
        ? undefined
        : documentGrammar(format, calls),
    call: tools.length === 0 ? undefined : callGrammar(calls, 'after its opening'),
  };
}

/** Returns the tools of the request that `tool_choice` allows. */
export function callableTools({ tools = [], tool_choice: choice }: ChatCompletionRequest): readonly FunctionTool[] {
  if (choice === 'none') return [];
  if (typeof choice !== 'object') return tools;
  const names =
    choice.type === 'function'
      ? [choice.function.name]
      : choice.allowed_tools.tools.map((tool) => (tool['function'] as { name?: unknown } | undefined)?.name);
  return tools.filter((tool) => names.includes(tool.function.name));
}

/** Whether the output must be a tool call. */
export function mustCall({ tool_choice: choice }: ChatCompletionRequest): boolean {
  if (typeof choice !== 'object') return choice === 'required';
  return choice.type === 'function' || choice.allowed_tools.mode === 'required';
}

interface Calls {
  /** The tools that may be called. */
  readonly tools: readonly FunctionTool[];
  /** All tools of the request, for the `param` of errors. */
  readonly all: readonly FunctionTool[];
  readonly dialect: Dialect;
}

function callGrammar(calls: Calls, from: 'with its opening' | 'after its opening'): string {
  const rules = new GbnfRules();
  const call = callRule(rules, calls);
  return rules.text(from === 'with its opening' ? `${literal(calls.dialect.callOpens)} ${call}` : call);
}

/** Arguments are an object. A function without parameters has an empty one. */
const ARGUMENTS = { type: 'object', properties: {} };

/** `{"name": ..., "arguments": ...}` in the format of this model family, and the closing tag. */
function callRule(rules: GbnfRules, { tools, all, dialect }: Calls): string {
  const calls = tools.map((tool) => {
    const { name, parameters = {}, strict } = tool.function;
    const options = { param: `tools[${all.indexOf(tool)}].function.parameters`, strict: strict === true };
    const values = new SchemaRules(rules, parameters, options).rule(ARGUMENTS);
    return rules.add('call', `${literal(`{"name": ${JSON.stringify(name)}, "arguments": `)} ${values} "}"`);
  });
  return rules.add('calls', `"\\n"? (${calls.join(' | ')}) ${literal(`\n${dialect.callCloses}`)}`);
}

/** A JSON document, or a tool call if there are tools. */
function documentGrammar(
  format: Exclude<NonNullable<ChatCompletionRequest['response_format']>, { type: 'text' }>,
  calls: Calls,
): string {
  const rules = new GbnfRules();
  const param = 'response_format.json_schema.schema';
  const document =
    format.type === 'json_object' || format.json_schema.schema === undefined
      ? new JsonRules(rules).object()
      : new SchemaRules(rules, format.json_schema.schema, { param, strict: format.json_schema.strict === true }).rule();
  if (calls.tools.length === 0) return rules.text(document);
  return rules.text(`${document} | ${literal(calls.dialect.callOpens)} ${callRule(rules, calls)}`);
}
