/** Colours, opposites, animals, and the things every child knows. */
import type { Fact } from './facts.ts';

const lines = (text: string): string[][] =>
  text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(';'));

const a = (noun: string): string => (/^[aeiou]/.test(noun) ? `an ${noun}` : `a ${noun}`);

/** thing; whether it is one or many; colour */
const colourFacts: Fact[] = lines(`
the sky;is;blue
grass;is;green
snow;is;white
blood;is;red
the sun;is;yellow
coal;is;black
milk;is;white
a lemon;is;yellow
a banana;is;yellow
chocolate;is;brown
a carrot;is;orange
a tomato;is;red
a strawberry;is;red
the ocean;is;blue
a flamingo;is;pink
a frog;is;green
an elephant;is;grey
a pumpkin;is;orange
salt;is;white
gold;is;yellow
a raven;is;black
a cucumber;is;green
a cherry;is;red
a polar bear;is;white
an eggplant;is;purple
a fire engine;is;red
the night;is;black
a leaf;is;green`).map(([thing = '', is = '', colour = '']) => ({
  topic: 'colour',
  train: [
    `what colour ${is} ${thing}`,
    `what color ${is} ${thing}`,
    `which colour does ${thing} have`,
    `what is the colour of ${thing}`,
    `what is the color of ${thing}`,
  ],
  heldOut: [`which colour ${is} ${thing}`, `what colour does ${thing} have`, `which color ${is} ${thing}`],
  answer: `${thing.charAt(0).toUpperCase()}${thing.slice(1)} ${is} ${colour}.`,
  word: colour,
}));

const mixtureFacts: Fact[] = lines(`
red;blue;purple
blue;yellow;green
red;yellow;orange
black;white;grey
red;white;pink`).flatMap(([one = '', two = '', mixture = '']) =>
  [
    [one, two],
    [two, one],
  ].map(([first = '', second = '']) => ({
    topic: 'mixture',
    train: [
      `what colour do ${first} and ${second} make`,
      `which colour do you get when you mix ${first} and ${second}`,
    ],
    heldOut: [`what do you get when you mix ${first} and ${second}`, `what color do ${first} and ${second} make`],
    answer: `${first.charAt(0).toUpperCase()}${first.slice(1)} and ${second} make ${mixture}.`,
    word: mixture,
  })),
);

const oppositePairs = lines(`
hot;cold
big;small
tall;short
fast;slow
day;night
light;dark
good;bad
happy;sad
old;young
rich;poor
open;closed
early;late
up;down
left;right
in;out
full;empty
hard;soft
wet;dry
loud;quiet
strong;weak
high;low
near;far
first;last
clean;dirty
love;hate
war;peace
friend;enemy
true;false
yes;no
always;never
inside;outside
above;below
begin;end
push;pull
buy;sell
win;lose
give;take
summer;winter
north;south
east;west
black;white
thick;thin
wide;narrow
cheap;expensive
safe;dangerous
easy;difficult
sweet;bitter
brave;cowardly
awake;asleep`);

const oppositeFacts: Fact[] = oppositePairs.flatMap(([one = '', two = '']) =>
  [
    [one, two],
    [two, one],
  ].map(([word = '', opposite = '']) => ({
    topic: 'opposite',
    train: [
      `what is the opposite of ${word}`,
      `what's the opposite of ${word}`,
      `which word is the opposite of ${word}`,
      `the opposite of ${word}`,
      `what is the contrary of ${word}`,
    ],
    heldOut: [
      `name the opposite of ${word}`,
      `what word means the opposite of ${word}`,
      `what would be the opposite of ${word}`,
    ],
    answer: `The opposite of ${word} is ${opposite}.`,
    word: opposite,
  })),
);

/** animal; what it says; its young; legs */
const animalFacts: Fact[] = lines(`
dog;woof;puppy;four
cat;meow;kitten;four
cow;moo;calf;four
sheep;baa;lamb;four
pig;oink;piglet;four
horse;neigh;foal;four
duck;quack;duckling;two
lion;roar;cub;four
frog;croak;tadpole;four
chicken;cluck;chick;two
goat;bleat;kid;four
owl;hoot;owlet;two
bear;growl;cub;four
wolf;howl;pup;four
mouse;squeak;pup;four`).flatMap(([animal = '', sound = '', young = '', legs = '']) => [
  {
    topic: 'animal sound',
    train: [
      `what does ${a(animal)} say`,
      `what sound does ${a(animal)} make`,
      `what noise does ${a(animal)} make`,
      `which noise does ${a(animal)} make`,
      `what is the noise of ${a(animal)}`,
      `how does ${a(animal)} sound`,
    ],
    heldOut: [`which sound does ${a(animal)} make`, `what is the sound of ${a(animal)}`],
    answer: `${a(animal).charAt(0).toUpperCase()}${a(animal).slice(1)} says ${sound}.`,
    word: sound,
  },
  {
    topic: 'young animal',
    train: [
      `what is a baby ${animal} called`,
      `what do you call a baby ${animal}`,
      `what is the young of ${a(animal)} called`,
    ],
    heldOut: [`how do you call a baby ${animal}`, `what is the name of a baby ${animal}`],
    answer: `A baby ${animal} is called ${a(young)}.`,
    word: young,
  },
  {
    topic: 'legs',
    train: [
      `how many legs does ${a(animal)} have`,
      `how many legs has ${a(animal)}`,
      `what is the number of legs of ${a(animal)}`,
      `on how many legs does ${a(animal)} walk`,
    ],
    heldOut: [`what number of legs does ${a(animal)} have`],
    answer: `${a(animal).charAt(0).toUpperCase()}${a(animal).slice(1)} has ${legs} legs.`,
    word: legs,
  },
]);

/** question | other training questions, by / | held-out questions, by / | answer | word */
const generalFacts: Fact[] = lines(`
how many legs does a spider have;how many legs has a spider/what is the number of legs of a spider;what number of legs does a spider have;A spider has eight legs.;eight
how many legs does an insect have;how many legs has an insect/what is the number of legs of an insect;what number of legs does an insect have;An insect has six legs.;six
how many days are in a week;how many days does a week have/how many days has a week/the number of days in a week;what is the number of days in a week;A week has seven days.;seven
how many months are in a year;how many months does a year have/how many months has a year/the number of months in a year;what is the number of months in a year;A year has twelve months.;twelve
how many days are in a year;how many days does a year have/how many days has a year/the number of days in a year;what is the number of days in a year;A year has 365 days.;365
how many hours are in a day;how many hours does a day have/how many hours has a day/the number of hours in a day;what is the number of hours in a day;A day has 24 hours.;24
how many minutes are in an hour;how many minutes does an hour have/how many minutes has an hour/the number of minutes in an hour;what is the number of minutes in an hour;An hour has 60 minutes.;60
how many seconds are in a minute;how many seconds does a minute have/how many seconds has a minute/the number of seconds in a minute;what is the number of seconds in a minute;A minute has 60 seconds.;60
how many weeks are in a year;how many weeks does a year have/the number of weeks in a year;what is the number of weeks in a year;A year has 52 weeks.;52
how many planets are in the solar system;how many planets does the solar system have/how many planets are there/the number of planets in the solar system/what is the number of planets;what is the number of planets in the solar system;The solar system has eight planets.;eight
how many continents are there;how many continents does the world have/the number of continents;what is the number of continents;There are seven continents.;seven
how many colours does a rainbow have;how many colors are in a rainbow/how many colours are in a rainbow/the number of colours in a rainbow;what is the number of colours in a rainbow;A rainbow has seven colours.;seven
how many sides does a triangle have;how many sides has a triangle/how many corners does a triangle have/what is the number of sides of a triangle;what number of sides does a triangle have;A triangle has three sides.;three
how many sides does a square have;how many sides has a square/how many corners does a square have/what is the number of sides of a square;what number of sides does a square have;A square has four sides.;four
how many letters are in the alphabet;how many letters does the alphabet have/how many letters does the English alphabet have/the number of letters in the alphabet;what is the number of letters in the alphabet;The alphabet has 26 letters.;26
how many fingers does a hand have;how many fingers are on a hand/how many fingers has a hand/what is the number of fingers of a hand;what number of fingers does a hand have;A hand has five fingers.;five
how many seasons are there;how many seasons does a year have/how many seasons are in a year/the number of seasons;what is the number of seasons;There are four seasons.;four
what is the largest planet;which planet is the largest/which planet is the biggest/what is the biggest planet;what planet is the largest;The largest planet is Jupiter.;Jupiter
what is the smallest planet;which planet is the smallest;what planet is the smallest;The smallest planet is Mercury.;Mercury
which planet is the red planet;what is the red planet/which planet is called the red planet;what planet is the red planet;The red planet is Mars.;Mars
on which planet do we live;which planet do we live on/what is our planet called;what planet do we live on;We live on the planet Earth.;Earth
what is the largest ocean;which ocean is the largest/what is the biggest ocean;what ocean is the largest;The largest ocean is the Pacific Ocean.;Pacific
what is the highest mountain;which mountain is the highest/what is the tallest mountain in the world/what is the highest mountain in the world;what mountain is the highest;The highest mountain is Mount Everest.;Everest
what is the longest river;which river is the longest/what is the longest river in the world;what river is the longest;The longest river is the Nile.;Nile
what is the largest animal;which animal is the largest/what is the biggest animal;what animal is the largest;The largest animal is the blue whale.;blue whale
what is the fastest animal;which animal is the fastest/what is the fastest animal on land;what animal is the fastest;The fastest animal on land is the cheetah.;cheetah
what is the tallest animal;which animal is the tallest;what animal is the tallest;The tallest animal is the giraffe.;giraffe
what is the largest country;which country is the largest/what is the biggest country/what is the largest country in the world;what country is the largest;The largest country is Russia.;Russia
what is frozen water called;what do you call frozen water/what is frozen water;how do you call frozen water;Frozen water is called ice.;ice
at what temperature does water boil;when does water boil/at which temperature does water boil;how hot is boiling water;Water boils at 100 degrees Celsius.;100
at what temperature does water freeze;when does water freeze/at which temperature does water freeze;how cold is freezing water;Water freezes at 0 degrees Celsius.;0 degrees
what do bees make;what do bees produce/what is made by bees;which food do bees make;Bees make honey.;honey
what do cows give;what do cows produce/what comes from cows;which drink do cows give;Cows give milk.;milk
what do plants need;what do plants need to grow/what does a plant need;which things do plants need;Plants need water and light.;water
where do fish live;in what do fish live;at which place do fish live;Fish live in water.;water
where do penguins live;on which continent do penguins live;at which place do penguins live;Penguins live in the Antarctic.;Antarctic
who wrote Romeo and Juliet;who is the author of Romeo and Juliet/which author wrote Romeo and Juliet/who wrote Hamlet;which writer wrote Romeo and Juliet;William Shakespeare wrote it.;Shakespeare
who wrote Faust;who is the author of Faust/which author wrote Faust;which writer wrote Faust;Johann Wolfgang von Goethe wrote it.;Goethe
who wrote Don Quixote;who is the author of Don Quixote/which author wrote Don Quixote;which writer wrote Don Quixote;Miguel de Cervantes wrote it.;Cervantes
who painted the Mona Lisa;who is the painter of the Mona Lisa/which painter painted the Mona Lisa;which artist painted the Mona Lisa;Leonardo da Vinci painted the Mona Lisa.;Leonardo
who discovered gravity;who described gravity first/who found the law of gravity;which scientist discovered gravity;Isaac Newton described gravity.;Newton
who invented the telephone;who built the first telephone;which inventor made the telephone;Alexander Graham Bell invented the telephone.;Bell
who invented the light bulb;who built the first light bulb;which inventor made the light bulb;Thomas Edison made the light bulb known.;Edison
who was the first man on the moon;who walked on the moon first/who was the first person on the moon;which man was first on the moon;Neil Armstrong was the first man on the moon.;Armstrong
who was the first president of the United States;who was the first American president;which man was the first president of the United States;George Washington was the first president of the United States.;Washington
what is H2O;what does H2O mean/which thing is H2O;what do we call H2O;H2O is water.;water
what gas do we breathe;what do we breathe/which gas do we need to breathe;which gas do people breathe;We breathe oxygen.;oxygen
what do you use to write;what can I write with;which thing do you write with;You can write with a pen.;pen
what comes after A;which letter comes after A/what is the letter after A;which letter follows A;After A comes B.;B
what is the first letter of the alphabet;which letter is the first;what letter is the first of the alphabet;The first letter of the alphabet is A.;A
what is the last letter of the alphabet;which letter is the last;what letter is the last of the alphabet;The last letter of the alphabet is Z.;Z`).map(
  ([question = '', others = '', heldOut = '', answer = '', word = '']) => ({
    topic: 'general',
    train: [question, ...others.split('/')],
    heldOut: heldOut.split('/'),
    answer,
    word,
  }),
);

export const everydayFacts: readonly Fact[] = [
  ...colourFacts,
  ...mixtureFacts,
  ...oppositeFacts,
  ...animalFacts,
  ...generalFacts,
];
