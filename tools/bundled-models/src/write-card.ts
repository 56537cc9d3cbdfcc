/** `npm run card -w tools/bundled-models`: writes what the model files say of themselves into MODEL_CARD.md. */
import { writeIntoCard } from './model-card.ts';
import { factsTable } from './model-facts.ts';

await writeIntoCard('files', await factsTable());
