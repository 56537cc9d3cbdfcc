/** The kinds of items, which are their `type`, and what the ids of each kind begin with. */
export const ITEM_ID_PREFIXES = {
  message: 'msg',
  function_call: 'fc',
  function_call_output: 'fco',
  custom_tool_call: 'ctc',
  custom_tool_call_output: 'ctco',
  tool_search_call: 'tsc',
  tool_search_output: 'tso',
  additional_tools: 'at',
  program: 'prog',
  program_output: 'progo',
  reasoning: 'rs',
  compaction: 'cmp',
  file_search_call: 'fs',
  web_search_call: 'ws',
  computer_call: 'cu',
  computer_call_output: 'cuo',
  code_interpreter_call: 'ci',
  image_generation_call: 'ig',
  local_shell_call: 'lsh',
  local_shell_call_output: 'lsho',
  shell_call: 'sh',
  shell_call_output: 'sho',
  apply_patch_call: 'apc',
  apply_patch_call_output: 'apco',
  mcp_list_tools: 'mcpl',
  mcp_approval_request: 'mcpr',
  mcp_approval_response: 'mcpa',
  mcp_call: 'mcp',
} as const;

export type ItemKind = keyof typeof ITEM_ID_PREFIXES;

const PREFIXES: ReadonlySet<string> = new Set(Object.values(ITEM_ID_PREFIXES));

/** Whether a text begins like the id of an item. */
export function isItemId(id: string): boolean {
  const end = id.indexOf('_');
  return end > 0 && PREFIXES.has(id.slice(0, end));
}
