/** Custom tools take a text. For a model they are functions with one argument, which every template and grammar knows. */

const ARGUMENT = 'input';

export const CUSTOM_TOOL_PARAMETERS = {
  type: 'object',
  properties: { [ARGUMENT]: { type: 'string' } },
  required: [ARGUMENT],
  additionalProperties: false,
} as const;

/** Returns the arguments of the function for the input of a custom tool. */
export function customToolArguments(input: string): string {
  return JSON.stringify({ [ARGUMENT]: input });
}

/** Returns the input of a custom tool; what is not its argument, such as cut off JSON, is returned as it is. */
export function customToolInput(json: string): string {
  try {
    const input = (JSON.parse(json) as Readonly<Record<string, unknown>> | null)?.[ARGUMENT];
    if (typeof input === 'string') return input;
  } catch {
    // Not the argument.
  }
  return json;
}
