/**
 * Chat templates are code in a small language without input or output, which whoever serves the model runs for each request. One that
 * does not end, or that grows without bound, is rejected: it would occupy a worker.
 */
import { ModelRejection, ensureModel, shown } from '../files/rejection.ts';
import { Environment, Interpreter, parse, tokenize } from './jinja.ts';
import type { Program } from './jinja.ts';
import { SAMPLE_CONVERSATIONS } from './sample-conversations.ts';
import { withinTime } from './within-time.ts';

const TEMPLATE_LENGTH_MAX = 64 * 1_024;
/**
 * Evaluated nodes of the template, and items of the lists and 64 characters of the texts that these are. Large real templates need a
 * thousand; a loop is cut within 100 ms.
 */
const STEPS_MAX = 20_000;
const CHARACTERS_PER_STEP = 64;
const RANGE_LENGTH_MAX = 10_000;
/** A wall for what takes long within one step. Steps are the limit that cuts loops, the same one on every machine. */
const TIME_MAX_MS = 2_000;

/**
 * Parses the template and renders some conversations with it. That it rejects them is accepted: some templates demand a system
 * message, or use functions that this renderer does not have.
 * @returns whether it renders all of them. @throws {ModelRejection}
 */
export function checkTemplate(source: string): boolean {
  ensureModel(
    source.length <= TEMPLATE_LENGTH_MAX,
    `its chat template has more than ${TEMPLATE_LENGTH_MAX} characters`,
  );
  const program = parsed(source);
  let renders = true;
  for (const conversation of SAMPLE_CONVERSATIONS) {
    const interpreter = new BoundedInterpreter(environmentOf(conversation));
    try {
      withinTime(TIME_MAX_MS, () => interpreter.run(program));
    } catch (error) {
      if (error instanceof ModelRejection) throw error;
      // Too deep a recursion, or a text of more than 512 MB within one step.
      if (error instanceof RangeError) throw new ModelRejection('its chat template needs too much memory');
      renders = false;
    }
  }
  return renders;
}

function parsed(source: string): Program {
  try {
    return withinTime(TIME_MAX_MS, () => parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true })));
  } catch (error) {
    if (error instanceof ModelRejection) throw error;
    const reason = error instanceof Error ? error.message : '';
    throw new ModelRejection(`its chat template is invalid: ${shown(reason)}`);
  }
}

class BoundedInterpreter extends Interpreter {
  #steps = 0;

  override evaluate(node: unknown, environment: Environment): { readonly value: unknown } {
    this.#take(1);
    const result = super.evaluate(node, environment);
    const { value } = result;
    if (typeof value === 'string') this.#take(Math.floor(value.length / CHARACTERS_PER_STEP));
    else if (Array.isArray(value)) this.#take(value.length);
    return result;
  }

  #take(steps: number): void {
    this.#steps += steps;
    ensureModel(
      this.#steps <= STEPS_MAX,
      `its chat template takes more than ${STEPS_MAX} steps for a short conversation`,
    );
  }
}

/** The variables that the worker gives to a template, and the functions of its language. */
function environmentOf(conversation: Readonly<Record<string, unknown>>): Environment {
  const environment = new Environment();
  const constants = { true: true, True: true, false: false, False: false, none: null, None: null };
  const functions = {
    raise_exception: (reason: unknown) => {
      throw new Error(String(reason));
    },
    range: boundedRange,
    strftime_now: () => '2026-01-01',
  };
  const variables = { ...constants, ...functions, ...conversation, bos_token: '<s>', eos_token: '</s>' };
  for (const [name, value] of Object.entries(variables)) environment.set(name, value);
  return environment;
}

function boundedRange(start: number, stop?: number, step = 1): number[] {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  const length = Math.max(0, Math.ceil((to - from) / step));
  ensureModel(length <= RANGE_LENGTH_MAX, `its chat template has a range of more than ${RANGE_LENGTH_MAX} items`);
  return Array.from({ length }, (_, at) => from + at * step);
}
