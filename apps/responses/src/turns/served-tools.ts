/**
 * The tools of a request that models are offered: functions, custom tools, and those of namespaces. A chat completion has one list of
 * functions, so that the name of a tool in a namespace begins with it.
 */
import type { CustomTool, FunctionTool, ResponseRequest } from '@xerotier/public-api/responses';
import { isCustomTool, isFunctionTool, isNamespaceTool } from '@xerotier/public-api/responses';
import { createHash } from 'node:crypto';

export interface ServedTool {
  readonly tool: FunctionTool | CustomTool;
  readonly namespace: string | undefined;
}

/** What a call has of its tool. */
export interface CallableTool {
  readonly tool: Pick<ServedTool['tool'], 'type' | 'name'>;
  readonly namespace: string | undefined;
}

/** By the names that models know. */
export type ServedTools = ReadonlyMap<string, ServedTool>;

/** Of functions in chat completions. */
const NAME_LENGTH_MAX = 64;
const HASH_LENGTH = 8;
const SEPARATOR = '__';

export function servedTools({ tools = [] }: ResponseRequest): ServedTools {
  const served = tools.flatMap((given): ServedTool[] => {
    if (isNamespaceTool(given)) return given.tools.map((tool) => ({ tool, namespace: given.name }));
    return isFunctionTool(given) || isCustomTool(given) ? [{ tool: given, namespace: undefined }] : [];
  });
  return new Map(served.map((each) => [modelToolName(each.tool.name, each.namespace), each]));
}

/** The same in every turn, so that a model recognizes its earlier calls. */
export function modelToolName(name: string, namespace: string | undefined): string {
  if (namespace === undefined) return name;
  // Some clients end their namespaces with it.
  const whole = namespace.endsWith(SEPARATOR) ? `${namespace}${name}` : `${namespace}${SEPARATOR}${name}`;
  if (whole.length <= NAME_LENGTH_MAX) return whole;
  const hash = createHash('sha256').update(whole).digest('hex').slice(0, HASH_LENGTH);
  return `${whole.slice(0, NAME_LENGTH_MAX - HASH_LENGTH - 1)}_${hash}`;
}
