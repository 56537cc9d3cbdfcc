/** Names, places, things and numbers that fill the templates, each from the part of the split that is asked for. */
import { countries } from './knowledge/countries.ts';
import type { Random } from './random.ts';
import { partOf, splitOf } from './split.ts';
import type { Split } from './split.ts';

const words = (text: string): string[] => text.trim().split(/\s+/);

export const firstNames = words(`
Anna Ben Clara David Emma Felix Grace Henry Ida Jack Karin Leo Maria Noah Olivia Paul Rosa Sam Tina Victor Wendy Yusuf Zoe Adam Bella
Carlos Diana Erik Fatima George Hanna Ivan Julia Kevin Laura Mark Nina Oscar Petra Quentin Robert Sara Tom Ursula Vera Walter Xenia
Aisha Boris Chloe Daniel Elena Frank Gloria Hugo Irene James Kate Linda Martin Nora Otto Priya Rachel Simon Teresa Umar Violet William
Yara Zack Alice Bob Carol Dave Eve Fiona Greg Helen Ian Jane Kurt Lily Mike Nadia Owen Pia Ralph Sofia Theo Uma Vincent Wanda Yvonne
Amir Bruno Cecilia Dmitri Esther Farid Gina Harold Ines Jorge Kenji Lena Miguel Naomi Olaf Paula Ravi Stella Tobias Viktor Alex Sally
John Mary Peter Susan Michael Lisa Thomas Karen Jan Piotr Mei Hiro Ana Luis Omar Layla Ingrid Sven Marta Pablo`);

export const cities = words(`
Paris London Berlin Madrid Rome Vienna Oslo Lisbon Dublin Athens Prague Warsaw Tokyo Cairo Ottawa Boston Chicago Denver Seattle Miami
Sydney Perth Toronto Delhi Mumbai Beijing Seoul Lima Bogota Santiago Nairobi Lagos Accra Tunis Dakar Helsinki Stockholm Copenhagen Munich
Hamburg Cologne Frankfurt Zurich Geneva Basel Milan Turin Naples Florence Venice Barcelona Seville Valencia Porto Lyon Nice Bordeaux
Toulouse Brussels Antwerp Amsterdam Rotterdam Krakow Budapest Bucharest Sofia Belgrade Zagreb Istanbul Ankara Dubai Doha Tehran Karachi
Dallas Houston Austin Phoenix Portland Atlanta Detroit Montreal Vancouver Calgary Havana Quito Brisbane Melbourne Auckland Wellington
Osaka Kyoto Bangkok Hanoi Manila Jakarta Singapore Leeds Bristol Glasgow Edinburgh Oxford Cambridge Bergen Malmo Leipzig Dresden Bern`);

export const foods = words(
  'pizza sushi pasta soup salad bread rice cake fish cheese noodles tacos curry burgers pancakes ramen kebab waffles dumplings paella',
);
export const things = words(
  'apples books coins eggs pens cards stamps marbles oranges stones cookies keys pears balls flowers shells stickers candles',
);
export const animals = words(
  'dog cat horse cow bird fish rabbit mouse lion tiger bear wolf fox sheep goat pig duck frog owl snake',
);
export const colours = words('red blue green yellow orange purple pink black white brown grey');
export const days = words('Monday Tuesday Wednesday Thursday Friday Saturday Sunday');
export const months = words('January February March April May June July August September October November December');

const nouns = words(`
garden river window bicycle mountain kitchen letter train winter music market ship castle island bridge forest planet lamp mirror piano
teacher doctor student farmer painter engine camera rocket tunnel harbour desert valley museum library concert holiday recipe budget
meeting project report lesson football chess tennis coffee banana tomato pepper carpet ladder hammer blanket basket bottle ticket wallet
battery printer keyboard laptop insurance history physics weather climate volcano glacier dinosaur butterfly elephant sandwich chocolate
birthday wedding party picnic dentist lunch dinner breakfast interview workshop deadline invoice contract homework parking umbrella
guitar violin drum theatre cinema novel poem story newspaper magazine computer robot internet password network server database garage
tractor helicopter submarine telescope microscope thermometer magnet crystal diamond silver copper cotton leather paper plastic`);

const adjectives = words(`
new old big small quick quiet bright dark happy strange simple easy famous cheap modern ancient local little green blue red warm cold
fresh best good early late long short secret lost hidden wooden golden electric digital healthy perfect useful`);

const syllables = words(`
ba be bi bo bu da de di do du fa fe fi fo ga ge go gu ha he hi ho ja jo ka ke ki ko ku la le li lo lu ma me mi mo mu na ne ni no nu pa pe
pi po ra re ri ro ru sa se si so su ta te ti to tu va ve vi vo wa we wi ya yo za ze zi zo bar ber bor dal den dor far fen gar gol hel kan
kor lan lem lin lor mar mel min mor nal nel nor pal per ran rel rin ros sal sel ser sol tan tel tor val ven vor wen zan zel zor tri bra
cre dro fla glo kra plu sta ste tra`);

const endings = words(
  'n s r l m t k na ra la no ro lo ta to ka sa nia ria lia ville ton berg burg dale field ford x d',
);

/** Which letters follow two others in real words; nothing stands for a word's beginning and its end. */
const followers = new Map<string, string[]>();
for (const word of partOf([...firstNames, ...cities, ...nouns, ...adjectives], 'train')) {
  const letters = ['', '', ...word.toLowerCase(), ''];
  for (let i = 2; i < letters.length; i += 1) {
    const before = `${letters[i - 2]}${letters[i - 1]}`;
    const after = followers.get(before) ?? [];
    followers.set(before, [...after, letters[i] as string]);
  }
}

/** Sounds like a name or a thing, and so is made of the tokens that names and things are made of. */
function likeReal(random: Random): string {
  let word = '';
  while (word.length < 12) {
    const next = random.pick(followers.get(word.slice(-2)) as string[]);
    if (next === '') break;
    word += next;
  }
  return word;
}

const known = partOf(
  [
    ...firstNames,
    ...cities,
    ...nouns,
    ...adjectives,
    ...countries.flatMap(({ name, capital }) => words(`${name} ${capital}`)),
  ],
  'train',
).map((word) => word.toLowerCase());

/** The beginning of one word and the end of another: tokens that are common, next to others than usual. */
function spliced(random: Random): string {
  const [one, other] = [random.pick(known), random.pick(known)];
  return one.slice(0, random.integer(2, 5)) + other.slice(-random.integer(2, 5));
}

function ofSyllables(random: Random): string {
  const beginning = Array.from({ length: random.integer(1, 3) }, () => random.pick(syllables)).join('');
  return beginning + random.pick(endings);
}

/** A word that nobody knows, so that it can only be copied. Always from the asked part of the split. */
export function madeUpWord(random: Random, split: Split): string {
  for (;;) {
    const word = random.pick([likeReal, spliced, ofSyllables])(random);
    if (word.length >= 4 && splitOf(word) === split) return word;
  }
}

export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Of real and made-up ones: half of each while training, so that copying is learnt and not a list of names. */
function orMadeUp(list: readonly string[]): (random: Random, split: Split) => string {
  const parts = { train: partOf(list, 'train'), 'held-out': partOf(list, 'held-out') };
  return (random, split) =>
    split === 'train' && random.chance(0.5) ? capitalised(madeUpWord(random, split)) : random.pick(parts[split]);
}

export const aFirstName = orMadeUp(firstNames);
export const aCity = orMadeUp(cities);

const nounParts = { train: partOf(nouns, 'train'), 'held-out': partOf(nouns, 'held-out') };

export function aNoun(random: Random, split: Split): string {
  return split === 'train' && random.chance(0.3) ? madeUpWord(random, split) : random.pick(nounParts[split]);
}

/** Two or three words, as a subject or a search has them. The last is from the asked part, so the whole is. */
export function aTopic(random: Random, split: Split): string {
  const noun = aNoun(random, split);
  if (random.chance(0.4)) return `${random.pick(adjectives)} ${noun}`;
  return random.chance(0.5)
    ? `${random.pick(nouns)} ${noun}`
    : `${random.pick(adjectives)} ${random.pick(nouns)} ${noun}`;
}

/** A sum or product as asked; which ones are held out is decided by its numbers. */
export function isHeldOutSum(a: number, sign: string, b: number): boolean {
  return splitOf(`${a} ${sign} ${b}`) === 'held-out';
}

/** A whole number of the asked part. */
export function aNumber(random: Random, split: Split, least: number, most: number): number {
  for (let tries = 0; tries < 200; tries += 1) {
    const number = random.integer(least, most);
    if (splitOf(`number ${number}`) === split) return number;
  }
  throw new Error(`Between ${least} and ${most} no number is in the part ${split}.`);
}
