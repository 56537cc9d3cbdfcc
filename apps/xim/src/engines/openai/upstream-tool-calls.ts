/**
 * Normalizes tool calls to the form that the official clients expect: joined by `index`, with id, type and name only in the first
 * piece, and arguments as strings. Servers omit or repeat each of these, so this decides to which call a piece belongs.
 */
import { randomBytes } from 'node:crypto';
import type { ToolCallDelta } from '../engine.ts';
import { ArgumentsProgress } from './arguments-progress.ts';
import { asObject } from './upstream-json.ts';
import type { Json } from './upstream-json.ts';
import { TextJoiner } from './upstream-text.ts';

interface Call {
  /** The index of the server, which several calls may share. */
  readonly upstreamIndex: number | undefined;
  /** The id of the server. */
  readonly upstreamId: string | undefined;
  /** Undefined until the name is known and the call is emitted. */
  index: number | undefined;
  name: string;
  /** Arguments that were received before the name. */
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
  #emitted = 0;

  /** Number of emitted calls. */
  get count(): number {
    return this.#emitted;
  }

  /**
   * Reads the `tool_calls` of a delta or message, or its deprecated `function_call`.
   * @param whole whether each entry is a complete call.
   * @returns the new deltas, or undefined when there are none.
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

  /** Returns the last pieces at the end of the response: a call without arguments gets an empty object. */
  end(): ToolCallDelta[] | undefined {
    const deltas = this.#calls.flatMap((call): ToolCallDelta[] => {
      if (call.index === undefined) return [];
      const args = call.progress.isEmpty ? '{}' : call.joiner.end();
      return args === '' ? [] : [{ index: call.index, function: { arguments: args } }];
    });
    return deltas.length === 0 ? undefined : deltas;
  }

  #add(piece: Piece, whole: boolean): ToolCallDelta | undefined {
    const call = this.#callOf(piece, whole ? undefined : this.#find(piece));
    // An empty piece.
    if (call === undefined) return undefined;
    const args = call.joiner.push(piece.args);
    call.progress.push(args);
    if (call.index !== undefined) return args === '' ? undefined : { index: call.index, function: { arguments: args } };
    call.held += args;
    if (piece.name === '') return undefined;
    call.name = piece.name;
    call.index = this.#emitted++;
    const emitted = { name: call.name, arguments: call.held };
    call.held = '';
    return { index: call.index, id: this.#idOf(call), type: 'function', function: emitted };
  }

  #callOf(piece: Piece, known: Call | undefined): Call | undefined {
    if (known !== undefined && !startsNewCall(piece, known)) return known;
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

  /** Finds the call that a piece belongs to, unless it starts a new one. */
  #find({ index, id, name }: Piece): Call | undefined {
    const last = this.#calls.at(-1);
    const ofIndex = index === undefined ? undefined : this.#calls.findLast((call) => call.upstreamIndex === index);
    if (ofIndex !== undefined) return ofIndex;
    // A new index with a name is a new call, even with a known id.
    if (index !== undefined && name !== '') return undefined;
    const ofId = id === undefined ? undefined : this.#calls.findLast((call) => call.upstreamId === id);
    return ofId ?? last;
  }

  /** Returns the id of the server if it is unique, or else a new one. */
  #idOf({ upstreamId }: Call): string {
    const id =
      upstreamId !== undefined && !this.#ids.has(upstreamId) ? upstreamId : `call_${randomBytes(12).toString('hex')}`;
    this.#ids.add(id);
    return id;
  }
}

/** Whether a piece with the index of an existing call, or without one, starts a new call nevertheless. */
function startsNewCall({ id, name, args }: Piece, call: Call): boolean {
  // A call starts with its name.
  if (name === '') return false;
  if (id !== undefined && id === call.upstreamId) return false;
  if (call.name === '') return id !== undefined && call.upstreamId !== undefined;
  if (name !== call.name) return true;
  // Distinguishes two calls of one function from servers that repeat the name in each piece, some with a new id each time.
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

/** An empty object is ignored: `end` adds it if there are no arguments, and some servers start with one. */
function objectText(value: unknown): string {
  const hasFields = typeof value === 'object' && value !== null && Object.keys(value).length > 0;
  return hasFields ? JSON.stringify(value) : '';
}
