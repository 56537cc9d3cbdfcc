/**
 * Tool calls as the official clients put them together: by `index`, with id, type and name in the first piece and in no other,
 * and arguments that are text. Servers leave out or repeat each of these, so which call a piece is of is decided here.
 */
import { randomBytes } from 'node:crypto';
import type { ToolCallDelta } from '../engine.ts';
import { ArgumentsProgress } from './arguments-progress.ts';
import { asObject } from './upstream-json.ts';
import type { Json } from './upstream-json.ts';
import { TextJoiner } from './upstream-text.ts';

interface Call {
  /** As the server numbers it; several calls may have the same. */
  readonly upstreamIndex: number | undefined;
  /** As the server calls it. */
  readonly upstreamId: string | undefined;
  /** Undefined until its name is known, which is when it is told. */
  index: number | undefined;
  name: string;
  /** Arguments that came before the name. */
  held: string;
  readonly progress: ArgumentsProgress;
  readonly joiner: TextJoiner;
}

/** One entry of `tool_calls`. */
interface Piece {
  readonly index: number | undefined;
  readonly id: string | undefined;
  readonly name: string;
  readonly args: string;
}

export class ToolCallReader {
  readonly #calls: Call[] = [];
  readonly #ids = new Set<string>();
  #told = 0;

  /** Calls that were told so far. */
  get count(): number {
    return this.#told;
  }

  /**
   * What is new in the `tool_calls` of a delta or message, or in its deprecated `function_call`. `whole`: each is a call.
   * @returns undefined when nothing is.
   */
  read(toolCalls: unknown, functionCall: unknown, whole: boolean): ToolCallDelta[] | undefined {
    if (toolCalls == null && functionCall == null) return undefined;
    const entries: unknown[] = Array.isArray(toolCalls) ? toolCalls : toolCalls == null ? [] : [toolCalls];
    if (entries.length === 0 && functionCall != null) entries.push({ function: functionCall });
    const deltas: ToolCallDelta[] = [];
    for (const entry of entries) {
      const json = asObject(entry);
      const delta = json === undefined ? undefined : this.#add(pieceOf(json), whole);
      if (delta !== undefined) deltas.push(delta);
    }
    return deltas.length === 0 ? undefined : deltas;
  }

  /** The last pieces, once there are no more: a call without arguments has an empty object. */
  end(): ToolCallDelta[] | undefined {
    const deltas = this.#calls.flatMap((call): ToolCallDelta[] => {
      if (call.index === undefined) return [];
      const args = call.progress.isEmpty ? '{}' : call.joiner.end();
      return args === '' ? [] : [{ index: call.index, function: { arguments: args } }];
    });
    return deltas.length === 0 ? undefined : deltas;
  }

  #add(piece: Piece, whole: boolean): ToolCallDelta | undefined {
    const call = this.#callOf(piece, whole ? undefined : this.#known(piece));
    // A piece of nothing.
    if (call === undefined) return undefined;
    const args = call.joiner.push(piece.args);
    call.progress.push(args);
    if (call.index !== undefined) return args === '' ? undefined : { index: call.index, function: { arguments: args } };
    call.held += args;
    if (piece.name === '') return undefined;
    call.name = piece.name;
    call.index = this.#told++;
    const told = { name: call.name, arguments: call.held };
    call.held = '';
    return { index: call.index, id: this.#idOf(call), type: 'function', function: told };
  }

  #callOf(piece: Piece, known: Call | undefined): Call | undefined {
    if (known !== undefined && !beginsAnother(piece, known)) return known;
    if (known === undefined && piece.id === undefined && piece.name === '' && piece.args === '') return undefined;
    const call: Call = {
      upstreamIndex: piece.index,
      upstreamId: piece.id,
      index: undefined,
      name: '',
      held: '',
      progress: new ArgumentsProgress(),
      joiner: new TextJoiner(),
    };
    this.#calls.push(call);
    return call;
  }

  /** The call that a piece is of, if it is not the first of another. */
  #known({ index, id, name }: Piece): Call | undefined {
    const last = this.#calls.at(-1);
    const ofIndex = index === undefined ? undefined : this.#calls.findLast((call) => call.upstreamIndex === index);
    if (ofIndex !== undefined) return ofIndex;
    // A new index and a name: a call of its own, even under an id that is there already.
    if (index !== undefined && name !== '') return undefined;
    const ofId = id === undefined ? undefined : this.#calls.findLast((call) => call.upstreamId === id);
    return ofId ?? last;
  }

  /** The server's own where it has one that no other call has. */
  #idOf({ upstreamId }: Call): string {
    const id =
      upstreamId !== undefined && !this.#ids.has(upstreamId) ? upstreamId : `call_${randomBytes(12).toString('hex')}`;
    this.#ids.add(id);
    return id;
  }
}

/** Whether a piece that has the number of a call, or none, is the first of another call all the same. */
function beginsAnother({ id, name, args }: Piece, call: Call): boolean {
  // Nothing begins without its name.
  if (name === '') return false;
  if (id !== undefined && id === call.upstreamId) return false;
  if (call.name === '') return id !== undefined && call.upstreamId !== undefined;
  if (name !== call.name) return true;
  // Servers that repeat the name in each piece, some with a new id each time, against two calls of one function.
  return call.progress.isComplete && (args !== '' || id !== undefined);
}

function pieceOf(entry: Json): Piece {
  const called = asObject(entry['function']) ?? entry;
  const { index, id } = entry;
  const { name, arguments: args } = called;
  return {
    index: typeof index === 'number' ? index : undefined,
    id: typeof id === 'string' && id !== '' ? id : typeof id === 'number' ? String(id) : undefined,
    name: typeof name === 'string' ? name : '',
    args: typeof args === 'string' ? args : objectText(args),
  };
}

/** An empty object is what a call without arguments gets anyway, and some servers begin with one. */
function objectText(value: unknown): string {
  const isThere = typeof value === 'object' && value !== null && Object.keys(value).length > 0;
  return isThere ? JSON.stringify(value) : '';
}
