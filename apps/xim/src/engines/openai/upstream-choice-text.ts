/** The texts of one choice: content, reasoning and refusal, each told apart and whole, however a server cuts and names them. */
import type { Json } from './upstream-json.ts';
import { readReasoning, ThinkTagReader } from './upstream-reasoning.ts';
import { readParts, TextJoiner } from './upstream-text.ts';
import type { PartTexts } from './upstream-text.ts';

/** The texts of a delta or message as they came. */
export function readTexts(told: Json): PartTexts {
  const { content, refusal } = told;
  const texts: PartTexts =
    typeof content === 'object' && content !== null
      ? readParts(content)
      : { content: typeof content === 'string' ? content : '', reasoning: '', refusal: '' };
  texts.reasoning += readReasoning(told);
  if (typeof refusal === 'string') texts.refusal += refusal;
  return texts;
}

export class ChoiceText {
  readonly #content = new TextJoiner();
  readonly #reasoning = new TextJoiner();
  readonly #refusal = new TextJoiner();
  readonly #tags = new ThinkTagReader();

  /** Content is held back that may still turn out to be a tag. */
  get isHolding(): boolean {
    return this.#tags.isHolding;
  }

  /** What is new for a client. `isOver`: something follows that is no text, so nothing may be held back. */
  push(came: PartTexts, isOver: boolean): PartTexts {
    const { content, reasoning } = this.#tags.isDone ? came : this.#withoutTags(came, isOver);
    return {
      content: this.#content.push(content),
      reasoning: this.#reasoning.push(reasoning),
      refusal: this.#refusal.push(came.refusal),
    };
  }

  /** What was held back, once there is no more. */
  end(): PartTexts {
    const { content, reasoning } = this.#withoutTags({ content: '', reasoning: '' }, true);
    return {
      content: this.#content.push(content) + this.#content.end(),
      reasoning: this.#reasoning.push(reasoning) + this.#reasoning.end(),
      refusal: this.#refusal.end(),
    };
  }

  #withoutTags({ content, reasoning }: Omit<PartTexts, 'refusal'>, isOver: boolean): Omit<PartTexts, 'refusal'> {
    const read = { content: '', reasoning };
    const take = (): void => {
      read.content += this.#tags.content;
      read.reasoning += this.#tags.reasoning;
    };
    // A server that tells reasoning by itself has none in the content.
    if (reasoning !== '') this.#end(take);
    if (content !== '') {
      this.#tags.push(content);
      take();
    }
    if (isOver) this.#end(take);
    return read;
  }

  #end(take: () => void): void {
    this.#tags.end();
    take();
  }
}
