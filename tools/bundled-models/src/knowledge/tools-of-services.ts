/** Functions of shops, houses and services. */
import type { Random } from '../random.ts';
import type { Split } from '../split.ts';
import { aCity, aFirstName, aNoun, aNumber, aTopic, capitalised, foods, madeUpWord } from '../values.ts';
import { oneOf } from './tool-spec.ts';
import type { ToolSpec } from './tool-spec.ts';

const languages = [
  'German',
  'French',
  'Spanish',
  'Italian',
  'Dutch',
  'Polish',
  'Japanese',
  'Portuguese',
  'Swedish',
  'Greek',
];

/** Made of the first letters of a word of the part, so a held-out share is never in the text. */
const aSymbol = (random: Random, split: Split): string => madeUpWord(random, split).slice(0, 6).toUpperCase();

/** In the order in which they are drawn from: another order makes another text. */
export function toolsOfServices(): ToolSpec[] {
  return [
    {
      names: ['translate_text', 'translate', 'translateText', 'translation'],
      descriptions: ['Translate a text', 'Translate text into another language', 'Translates'],
      parameters: { text: ['text', 'input', 'phrase'], language: ['language', 'target_language', 'to', 'target'] },
      values: (random, split) => ({ text: aTopic(random, split), language: random.pick(languages) }),
      asked: [
        (v) => `Translate "${v.text}" to ${v.language}.`,
        (v) => `Translate ${v.text} into ${v.language}.`,
        (v) => `What is "${v.text}" in ${v.language}?`,
        (v) => `How do you say "${v.text}" in ${v.language}?`,
      ],
      askedHeldOut: [
        (v) => `Please translate "${v.text}" to ${v.language}.`,
        (v) => `Say "${v.text}" in ${v.language}.`,
      ],
      result(random, v) {
        const translation = `${madeUpWord(random, 'train')} ${madeUpWord(random, 'train')}`;
        return {
          value: oneOf(random, random.pick(['translation', 'text', 'result']), translation),
          answer: `In ${v.language}, "${v.text}" is "${translation}".`,
          words: [translation],
        };
      },
    },
    {
      names: ['get_stock_price', 'stock_price', 'get_stock', 'getStockPrice', 'get_quote'],
      descriptions: ['Get the price of a stock', 'Get the current stock price of a symbol', 'Price of a share'],
      parameters: { symbol: ['symbol', 'ticker', 'stock', 'company'] },
      values: (random, split) => ({
        symbol: random.chance(0.5) ? aSymbol(random, split) : capitalised(madeUpWord(random, split)),
      }),
      asked: [
        (v) => `What is the stock price of ${v.symbol}?`,
        (v) => `How much is a share of ${v.symbol}?`,
        (v) => `What is the price of ${v.symbol} stock?`,
        (v) => `stock price of ${v.symbol}`,
      ],
      askedHeldOut: [
        (v) => `Please get the stock price of ${v.symbol}.`,
        (v) => `What's the stock price of ${v.symbol} now?`,
      ],
      result(random, v) {
        const price = random.chance(0.5)
          ? random.integer(5, 900)
          : `${random.integer(5, 900)}.${random.integer(11, 99)}`;
        return {
          value: oneOf(random, 'price', Number(price)),
          answer: `The stock price of ${v.symbol} is ${Number(price)}.`,
          words: [String(Number(price)), String(v.symbol)],
        };
      },
    },
    {
      names: ['play_music', 'play_song', 'play', 'playMusic', 'start_music'],
      descriptions: ['Play music', 'Play a song', 'Plays a song or an artist'],
      parameters: { song: ['song', 'title', 'query', 'name'] },
      values: (random, split) => ({ song: aTopic(random, split) }),
      asked: [
        (v) => `Play the song ${v.song}.`,
        (v) => `Play ${v.song}.`,
        (v) => `I want to hear ${v.song}.`,
        (v) => `Please play ${v.song}.`,
      ],
      askedHeldOut: [(v) => `Can you play ${v.song}?`, (v) => `Let me hear ${v.song}.`],
      result: (random, v) => ({
        value: random.pick([{ status: 'playing' }, { ok: true }, { success: true }, 'playing']),
        answer: `I am playing ${v.song}.`,
        words: [String(v.song)],
      }),
    },
    {
      names: ['find_restaurant', 'search_restaurants', 'find_restaurants', 'findRestaurant', 'restaurant_search'],
      descriptions: ['Find a restaurant', 'Find restaurants in a city', 'Searches restaurants'],
      parameters: { food: ['food', 'cuisine', 'kind'], city: ['city', 'location', 'place'] },
      values: (random, split) => ({ food: random.pick(foods), city: aCity(random, split) }),
      asked: [
        (v) => `Find a restaurant with ${v.food} in ${v.city}.`,
        (v) => `Where can I eat ${v.food} in ${v.city}?`,
        (v) => `I want to eat ${v.food} in ${v.city}.`,
        (v) => `Find me ${v.food} in ${v.city}.`,
      ],
      askedHeldOut: [
        (v) => `Please find ${v.food} in ${v.city}.`,
        (v) => `Which restaurant in ${v.city} has ${v.food}?`,
      ],
      result(random, v) {
        const name = `${random.pick(['Casa', 'Chez', 'The', 'Little', 'Old', 'Cafe'])} ${capitalised(madeUpWord(random, 'train'))}`;
        return {
          value: oneOf(random, 'name', name),
          answer: `You can eat ${v.food} at ${name} in ${v.city}.`,
          words: [name],
        };
      },
    },
    {
      names: ['get_order', 'get_order_status', 'order_status', 'get_delivery_date', 'track_order'],
      descriptions: ['Get the status of an order', 'Get the delivery date of an order', 'Tracks an order'],
      parameters: { order: ['order_id', 'order', 'order_number'] },
      values: (random, split) => ({
        order: `${random.pick(['', 'A', 'B', 'ord_', 'X'])}${aNumber(random, split, 100, 99999)}`,
      }),
      asked: [
        (v) => `Where is my order ${v.order}?`,
        (v) => `What is the status of order ${v.order}?`,
        (v) => `When does order ${v.order} arrive?`,
        (v) => `Track order ${v.order}.`,
      ],
      askedHeldOut: [(v) => `Please check order ${v.order}.`, (v) => `What about my order ${v.order}?`],
      result(random, v) {
        const status = random.pick(['shipped', 'delivered', 'delayed', 'packed', 'lost', 'on its way']);
        return {
          value: oneOf(random, 'status', status),
          answer: `The order ${v.order} is ${status}.`,
          words: [status],
        };
      },
    },
    {
      names: ['turn_on', 'switch_on', 'turn_on_device', 'turnOn', 'enable_device'],
      descriptions: ['Turn a device on', 'Switch on a device', 'Turns something on'],
      parameters: { device: ['device', 'name', 'target'] },
      values: (random, split) => ({ device: aNoun(random, split) }),
      asked: [
        (v) => `Turn on the ${v.device}.`,
        (v) => `Switch on the ${v.device}.`,
        (v) => `Please turn on the ${v.device}.`,
      ],
      askedHeldOut: [(v) => `Can you turn on the ${v.device}?`, (v) => `Turn the ${v.device} on.`],
      result: (random, v) => ({
        value: random.pick([{ status: 'on' }, { ok: true }, { success: true }, 'on']),
        answer: `The ${v.device} is on.`,
        words: [String(v.device)],
      }),
    },
    {
      names: ['get_user', 'find_user', 'lookup_user', 'getUser', 'get_customer'],
      descriptions: ['Get a user by name', 'Find a customer', 'Looks a user up'],
      parameters: { name: ['name', 'user', 'username', 'customer'] },
      values: (random, split) => ({ name: aFirstName(random, split) }),
      asked: [
        (v) => `Who is the user ${v.name}?`,
        (v) => `Find the user ${v.name}.`,
        (v) => `Look up the user ${v.name}.`,
        (v) => `Get the user ${v.name}.`,
      ],
      askedHeldOut: [(v) => `Please find the user ${v.name}.`, (v) => `Show me the user ${v.name}.`],
      result(random, v) {
        const [age, city] = [random.integer(18, 90), aCity(random, 'train')];
        return {
          value: { ...(random.chance(0.5) && { name: v.name }), age, city },
          answer: `${v.name} is ${age} years old and lives in ${city}.`,
          words: [String(age), city],
        };
      },
    },
  ];
}
