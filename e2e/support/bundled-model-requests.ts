/** The prompts that every client sends to the bundled model, and the expected results. */
import { z } from 'zod';

export const FRANCE = 'What is the capital of France?';

/** Requires a tool call; the completion must use the result of the tool. */
export const LISBON = 'What is the weather in Lisbon?';
export const WEATHER_TOOL = {
  name: 'get_weather',
  description: 'Get the current weather in a city',
  parameters: z.object({ city: z.string() }),
} as const;
export const FROM_THE_RESULT = /sunny|23/;

export const HANNA = 'Extract the information: Hanna lives in Copenhagen and is 34 years old.';
/** `int()` adds the limits of safe integers to the schema, as in most programs. */
export const person = z.object({ name: z.string(), age: z.number().int(), city: z.string() });
export const HANNA_AS_A_PERSON: z.infer<typeof person> = { name: 'Hanna', age: 34, city: 'Copenhagen' };

/** Returns the tool, and the arguments of its calls. */
export function weatherStation(): {
  readonly calls: unknown[];
  readonly measure: (input: { city: string }) => { city: string; condition: string; temperature: number };
} {
  const calls: unknown[] = [];
  return {
    calls,
    measure: (input) => {
      calls.push(input);
      return { city: input.city, condition: 'sunny', temperature: 23 };
    },
  };
}
