/** What every client asks the model in the box, and what a right answer is. */
import { z } from 'zod';

export const FRANCE = 'What is the capital of France?';

/** The first question needs a tool; the answer to it has to come from the tool's result. */
export const LISBON = 'What is the weather in Lisbon?';
export const WEATHER_TOOL = {
  name: 'get_weather',
  description: 'Get the current weather in a city',
  parameters: z.object({ city: z.string() }),
} as const;
export const FROM_THE_RESULT = /sunny|23/;

export const HANNA = 'Extract the information: Hanna lives in Copenhagen and is 34 years old.';
/** `int()` comes with the bounds of exact numbers, as in the programs of most people. */
export const person = z.object({ name: z.string(), age: z.number().int(), city: z.string() });
export const HANNA_AS_A_PERSON: z.infer<typeof person> = { name: 'Hanna', age: 34, city: 'Copenhagen' };

/** The tool itself, and with which arguments it has been called. */
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
