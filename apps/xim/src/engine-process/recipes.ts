import { llamaServer } from './llama-server.recipe.ts';
import type { Recipe } from './recipe.ts';
import { sglang } from './sglang.recipe.ts';
import { vllm } from './vllm.recipe.ts';

/** By the value of `XIM_ENGINE`. */
export const recipes = { vllm, sglang, 'llama-server': llamaServer } as const satisfies Record<string, Recipe>;

export type SupervisedKind = keyof typeof recipes;

export function isSupervised(kind: string): kind is SupervisedKind {
  return Object.hasOwn(recipes, kind);
}
