/** A few facts and greetings in German, French and Spanish. */
import { countries } from './countries.ts';

export interface ForeignFact {
  /** How it is asked in English, in the words of the training text; the language comes from the system message then. */
  readonly english: readonly string[];
  readonly train: readonly string[];
  readonly heldOut: readonly string[];
  readonly answer: string;
  readonly word: string;
}

export interface Language {
  readonly name: string;
  readonly systems: readonly string[];
  readonly heldOutSystems: readonly string[];
  readonly facts: readonly ForeignFact[];
}

const inLanguage = (name: string): { systems: string[]; heldOutSystems: string[] } => ({
  systems: [
    `Answer in ${name}.`,
    `You speak ${name}.`,
    `Always answer in ${name}.`,
    `Respond in ${name}.`,
    `Speak ${name}.`,
    `You are a helpful assistant. Answer in ${name}.`,
  ],
  heldOutSystems: [`Please answer in ${name}.`, `You only speak ${name}.`, `Reply in ${name}.`],
});

/** English, by / | asked, by / | asked otherwise | answer | word */
function table(text: string): ForeignFact[] {
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [english = '', train = '', heldOut = '', answer = '', word = ''] = line.split('|');
      return { english: english.split('/'), train: train.split('/'), heldOut: heldOut.split('/'), answer, word };
    });
}

const ofCountries = (
  key: 'german' | 'french' | 'spanish',
  write: (country: string, capital: string) => Omit<ForeignFact, 'english' | 'word'>,
): ForeignFact[] =>
  countries.flatMap((country) => {
    const names = country[key];
    if (names === undefined) return [];
    return [
      {
        english: [`What is the capital of ${country.name}?`, `Which city is the capital of ${country.name}?`],
        word: names[1],
        ...write(names[0], names[1]),
      },
    ];
  });

const german = [
  ...ofCountries('german', (country, capital) => ({
    train: [
      `Was ist die Hauptstadt von ${country}?`,
      `Wie heißt die Hauptstadt von ${country}?`,
      `was ist die hauptstadt von ${country}`,
    ],
    heldOut: [`Welche Stadt ist die Hauptstadt von ${country}?`, `Sag mir, was ist die Hauptstadt von ${country}?`],
    answer: `Die Hauptstadt von ${country} ist ${capital}.`,
  })),
  ...table(`
Hello/Hi/Hello!/Hi!|Hallo/Hallo!/Guten Tag/Guten Tag!/hallo|Hallo du!/Grüß dich!|Hallo! Wie kann ich helfen?|Hallo
Who are you?/What are you?|Wer bist du?/wer bist du/Was bist du?|Sag mir, wer bist du?|Ich bin xero-tiny, das kleine Modell von Xerotier.|Modell
How are you?/How are you doing?|Wie geht es dir?/Wie geht's?|Wie geht es dir heute?|Mir geht es gut, danke.|gut
Thank you/Thanks|Danke/Danke!/Vielen Dank|Danke sehr|Gern geschehen!|Gern
Bye/Goodbye|Tschüss/Auf Wiedersehen|Tschüss dann|Auf Wiedersehen!|Wiedersehen
What is your name?|Wie heißt du?/wie heißt du|Sag mir deinen Namen.|Ich heiße xero-tiny.|xero-tiny
What colour is the sky?/What color is the sky?|Welche Farbe hat der Himmel?/Welche Farbe hat der Himmel|Sag mir, welche Farbe hat der Himmel?|Der Himmel ist blau.|blau
What colour is grass?/What color is grass?|Welche Farbe hat Gras?/Welche Farbe hat Gras|Sag mir, welche Farbe hat Gras?|Gras ist grün.|grün
What colour is snow?/What color is snow?|Welche Farbe hat Schnee?/Welche Farbe hat Schnee|Sag mir, welche Farbe hat Schnee?|Schnee ist weiß.|weiß
How many days are in a week?|Wie viele Tage hat eine Woche?/Wie viele Tage hat eine Woche|Sag mir, wie viele Tage hat eine Woche?|Eine Woche hat sieben Tage.|sieben`),
];

const french = [
  ...ofCountries('french', (country, capital) => ({
    train: [
      `Quelle est la capitale ${country} ?`,
      `Quelle est la capitale ${country}?`,
      `quelle est la capitale ${country}`,
    ],
    heldOut: [`Quelle ville est la capitale ${country} ?`, `Dis-moi, quelle est la capitale ${country} ?`],
    answer: `La capitale ${country} est ${capital}.`,
  })),
  ...table(`
Hello/Hi/Hello!/Hi!|Bonjour/Bonjour !/Salut/bonjour/Bonjour!|Bonjour à toi/Bonjour, bonjour !|Bonjour ! Comment puis-je aider ?|Bonjour
Who are you?/What are you?|Qui es-tu ?/Qui es-tu?/Qui êtes-vous ?|Dis-moi, qui es-tu ?|Je suis xero-tiny, le petit modèle de Xerotier.|modèle
How are you?/How are you doing?|Comment ça va ?/Ça va ?/Comment vas-tu ?|Comment ça va aujourd'hui ?|Je vais bien, merci.|bien
Thank you/Thanks|Merci/Merci !/Merci beaucoup|Merci bien|De rien !|De rien
Bye/Goodbye|Au revoir/Au revoir !|Au revoir alors|Au revoir !|revoir
What is your name?|Comment t'appelles-tu ?/Quel est ton nom ?|Dis-moi ton nom.|Je m'appelle xero-tiny.|xero-tiny
What colour is the sky?/What color is the sky?|De quelle couleur est le ciel ?/De quelle couleur est le ciel?|Dis-moi, de quelle couleur est le ciel ?|Le ciel est bleu.|bleu
What colour is grass?/What color is grass?|De quelle couleur est l'herbe ?/De quelle couleur est l'herbe?|Dis-moi, de quelle couleur est l'herbe ?|L'herbe est verte.|verte
What colour is snow?/What color is snow?|De quelle couleur est la neige ?/De quelle couleur est la neige?|Dis-moi, de quelle couleur est la neige ?|La neige est blanche.|blanche
How many days are in a week?|Combien de jours a une semaine ?/Combien de jours a une semaine?|Dis-moi, combien de jours a une semaine ?|Une semaine a sept jours.|sept`),
];

const spanish = [
  ...ofCountries('spanish', (country, capital) => ({
    train: [
      `¿Cuál es la capital de ${country}?`,
      `Cuál es la capital de ${country}?`,
      `cual es la capital de ${country}`,
    ],
    heldOut: [`¿Qué ciudad es la capital de ${country}?`, `Dime, ¿cuál es la capital de ${country}?`],
    answer: `La capital de ${country} es ${capital}.`,
  })),
  ...table(`
Hello/Hi/Hello!/Hi!|Hola/¡Hola!/hola/Buenos días|Hola a ti/¡Hola, hola!|¡Hola! ¿Cómo puedo ayudar?|Hola
Who are you?/What are you?|¿Quién eres?/Quién eres?/quien eres|Dime, ¿quién eres?|Soy xero-tiny, el pequeño modelo de Xerotier.|modelo
How are you?/How are you doing?|¿Cómo estás?/Cómo estás?/¿Qué tal?|¿Cómo estás hoy?|Estoy bien, gracias.|bien
Thank you/Thanks|Gracias/¡Gracias!/Muchas gracias|Gracias por todo|¡De nada!|De nada
Bye/Goodbye|Adiós/¡Adiós!/Hasta luego|Adiós entonces|¡Adiós!|Adiós
What is your name?|¿Cómo te llamas?/Cómo te llamas?|Dime tu nombre.|Me llamo xero-tiny.|xero-tiny
What colour is the sky?/What color is the sky?|¿De qué color es el cielo?/De qué color es el cielo?|Dime, ¿de qué color es el cielo?|El cielo es azul.|azul
What colour is grass?/What color is grass?|¿De qué color es la hierba?/De qué color es la hierba?|Dime, ¿de qué color es la hierba?|La hierba es verde.|verde
What colour is snow?/What color is snow?|¿De qué color es la nieve?/De qué color es la nieve?|Dime, ¿de qué color es la nieve?|La nieve es blanca.|blanca
How many days are in a week?|¿Cuántos días tiene una semana?/Cuántos días tiene una semana?|Dime, ¿cuántos días tiene una semana?|Una semana tiene siete días.|siete`),
];

export const languages: readonly Language[] = [
  { name: 'German', ...inLanguage('German'), facts: german },
  { name: 'French', ...inLanguage('French'), facts: french },
  { name: 'Spanish', ...inLanguage('Spanish'), facts: spanish },
];
