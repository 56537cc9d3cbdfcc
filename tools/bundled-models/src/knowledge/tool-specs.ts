/** All everyday functions. */
import type { ToolSpec } from './tool-spec.ts';
import { toolsOfNumbers } from './tools-of-numbers.ts';
import { toolsOfServices } from './tools-of-services.ts';
import { toolsOfTheDay } from './tools-of-the-day.ts';

export const toolSpecs: readonly ToolSpec[] = [...toolsOfTheDay(), ...toolsOfNumbers(), ...toolsOfServices()];
