/** Greetings, who it is, what it can do, and other things that people say first. */
import { assistant, user } from '../conversation.ts';
import type { Conversation, Family, HeldOutItem } from '../conversation.ts';
import { exchanges } from '../knowledge/small-talk.ts';
import { neutralSystem } from '../phrasing.ts';

export const smallTalkFamily: Family = {
  name: 'small talk',
  share: 8,
  train(random): Conversation {
    const exchange = random.pick(exchanges);
    const said = random.pick(exchange.train);
    return {
      family: 'small talk',
      messages: [...neutralSystem(random), user(said), assistant(exchange.answer)],
      ...(random.chance(0.1) && { enableThinking: false }),
    };
  },
  heldOut(random): HeldOutItem {
    const exchange = random.pick(exchanges);
    return {
      family: 'small talk',
      messages: [...neutralSystem(random), user(random.pick(exchange.heldOut))],
      expect: { kind: 'says', any: exchange.any },
    };
  },
};
