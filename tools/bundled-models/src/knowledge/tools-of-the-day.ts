/** Functions about places, messages, the calendar and searches. */
import { countries } from './countries.ts';
import type { Random } from '../random.ts';
import type { Split } from '../split.ts';
import { aCity, aFirstName, aNoun, aNumber, aTopic, capitalised, days } from '../values.ts';
import { oneOf } from './tool-spec.ts';
import type { ToolSpec } from './tool-spec.ts';

const weathers = ['sunny', 'cloudy', 'rainy', 'windy', 'foggy', 'snowy', 'clear', 'stormy'];

const clock = (random: Random): string => `${random.integer(1, 12)} ${random.pick(['am', 'pm'])}`;

const anAddress = (random: Random, split: Split): string =>
  `${aFirstName(random, split).toLowerCase()}@${random.pick(['example.com', 'example.org', 'mail.com', 'test.org', 'work.net'])}`;

const degrees = { names: ['unit', 'units', 'format'], values: ['celsius', 'fahrenheit'] } as const;

/** A city, sometimes with its country, sometimes without capitals, as people type. */
function aPlace(random: Random, split: Split): string {
  const city = aCity(random, split);
  if (random.chance(0.08)) return `${city}, ${random.pick(countries).name.replace(/^the /, '')}`;
  return random.chance(0.06) ? city.toLowerCase() : city;
}

/** In the order in which they are drawn from: another order makes another text. */
export function toolsOfTheDay(): ToolSpec[] {
  return [
    {
      names: ['get_weather', 'get_current_weather', 'weather', 'getWeather', 'lookup_weather', 'current_weather'],
      descriptions: [
        'Get the weather of a city',
        'Get the current weather in a given location',
        'Returns the weather',
        'The weather now',
      ],
      parameters: { city: ['city', 'location', 'place', 'city_name'] },
      unit: degrees,
      values: (random, split) => ({ city: aPlace(random, split) }),
      asked: [
        (v) => `What is the weather in ${v.city}?`,
        (v) => `What's the weather in ${v.city}?`,
        (v) => `What is the weather like in ${v.city}?`,
        (v) => `What's the weather like in ${v.city} today?`,
        (v) => `How is the weather in ${v.city}?`,
        (v) => `weather in ${v.city}`,
        (v) => `Is it raining in ${v.city}?`,
        (v) => `Do I need an umbrella in ${v.city}?`,
        (v) => `How warm is it in ${v.city}?`,
        (v) => `Please get the weather in ${v.city}.`,
      ],
      askedHeldOut: [
        (v) => `How is the weather in ${v.city} today?`,
        (v) => `Can you tell me the weather in ${v.city}?`,
        (v) => `How cold is it in ${v.city} now?`,
      ],
      result(random, v) {
        const [degrees, weather] = [random.integer(-9, 39), random.pick(weathers)];
        const temperature = random.pick(['temperature', 'temp', 'degrees', 'temperature_c']);
        const condition = random.pick(['condition', 'conditions', 'weather', 'sky', 'description']);
        const value = random.chance(0.75)
          ? { ...(random.chance(0.3) && { city: v.city }), [temperature]: degrees, [condition]: weather }
          : random.pick([
              `${degrees} degrees, ${weather}`,
              `${weather}, ${degrees} degrees`,
              `${degrees} degrees and ${weather}`,
            ]);
        return {
          value,
          answer: `It is ${degrees} degrees and ${weather} in ${v.city}.`,
          words: [String(degrees), weather, String(v.city)],
        };
      },
    },
    {
      names: ['get_temperature', 'get_current_temperature', 'temperature', 'read_temperature'],
      descriptions: [
        'Get the temperature of a city',
        'Get the current temperature at a location',
        'Temperature in degrees',
      ],
      parameters: { city: ['location', 'city', 'place'] },
      unit: degrees,
      values: (random, split) => ({ city: aPlace(random, split) }),
      asked: [
        (v) => `What is the temperature in ${v.city}?`,
        (v) => `What's the temperature in ${v.city}?`,
        (v) => `How hot is it in ${v.city}?`,
        (v) => `Tell me the temperature in ${v.city}.`,
      ],
      askedHeldOut: [
        (v) => `What is the temperature in ${v.city} now?`,
        (v) => `Please tell me the temperature in ${v.city}.`,
      ],
      result(random, v) {
        const degrees = random.integer(-9, 39);
        return {
          value: oneOf(random, 'temperature', degrees),
          answer: `It is ${degrees} degrees in ${v.city}.`,
          words: [String(degrees), String(v.city)],
        };
      },
    },
    {
      names: ['get_time', 'get_current_time', 'current_time', 'getTime', 'time_in'],
      descriptions: ['Get the time in a city', 'Get the current time of a place', 'Returns the local time'],
      parameters: { city: ['city', 'location', 'timezone', 'place'] },
      values: (random, split) => ({ city: aCity(random, split) }),
      asked: [
        (v) => `What time is it in ${v.city}?`,
        (v) => `What is the time in ${v.city}?`,
        (v) => `time in ${v.city}`,
        (v) => `Tell me the time in ${v.city}.`,
        (v) => `How late is it in ${v.city}?`,
      ],
      askedHeldOut: [(v) => `What time is it now in ${v.city}?`, (v) => `Can you tell me the time in ${v.city}?`],
      result(random, v) {
        const time = `${String(random.integer(0, 23)).padStart(2, '0')}:${String(random.integer(0, 59)).padStart(2, '0')}`;
        return {
          value: oneOf(random, 'time', time),
          answer: `It is ${time} in ${v.city}.`,
          words: [time, String(v.city)],
        };
      },
    },
    {
      names: ['send_email', 'send_mail', 'sendEmail', 'email', 'write_email'],
      descriptions: ['Send an email', 'Send an email to somebody', 'Sends a mail'],
      parameters: { to: ['to', 'recipient', 'address'], subject: ['subject', 'title'] },
      values: (random, split) => ({ to: anAddress(random, split), subject: aTopic(random, split) }),
      asked: [
        (v) => `Send an email to ${v.to} about ${v.subject}.`,
        (v) => `Please send an email to ${v.to} with the subject ${v.subject}.`,
        (v) => `Email ${v.to} about ${v.subject}.`,
        (v) => `Write an email to ${v.to} about ${v.subject}.`,
      ],
      askedHeldOut: [
        (v) => `Can you send an email to ${v.to} about ${v.subject}?`,
        (v) => `Send a mail to ${v.to} about ${v.subject}.`,
      ],
      result: (random, v) => ({
        value: random.pick([{ status: 'sent' }, { ok: true }, { success: true }, 'sent']),
        answer: `I sent the email to ${v.to}.`,
        words: [String(v.to)],
      }),
    },
    {
      names: ['send_message', 'send_text', 'message', 'sendMessage', 'send_sms'],
      descriptions: ['Send a message to somebody', 'Send a text message', 'Sends a message'],
      parameters: { to: ['to', 'name', 'recipient', 'contact'], text: ['text', 'message', 'body'] },
      values: (random, split) => ({
        to: aFirstName(random, split),
        text: random.pick([
          (n: string) => `the ${n} is ready`,
          (n: string) => `I bought the ${n}`,
          (n: string) => `bring the ${n}`,
          (n: string) => `I found your ${n}`,
          (n: string) => `we need a ${n}`,
          (n: string) => `see you at the ${n}`,
        ])(aNoun(random, split)),
      }),
      asked: [
        (v) => `Send a message to ${v.to}: ${v.text}`,
        (v) => `Tell ${v.to}: ${v.text}`,
        (v) => `Send ${v.to} the message: ${v.text}`,
        (v) => `Text ${v.to}: ${v.text}`,
      ],
      askedHeldOut: [(v) => `Please send a message to ${v.to}: ${v.text}`, (v) => `Message ${v.to}: ${v.text}`],
      result: (random, v) => ({
        value: random.pick([{ status: 'sent' }, { ok: true }, { success: true }, 'sent']),
        answer: `I sent the message to ${v.to}.`,
        words: [String(v.to)],
      }),
    },
    {
      names: ['create_event', 'add_event', 'schedule_event', 'createEvent', 'create_calendar_event'],
      descriptions: ['Create an event in the calendar', 'Add an event to the calendar', 'Creates a calendar entry'],
      parameters: { title: ['title', 'name', 'event'], day: ['day', 'date'], time: ['time', 'start', 'hour'] },
      values: (random, split) => ({ title: aTopic(random, split), day: random.pick(days), time: clock(random) }),
      asked: [
        (v) => `Create an event ${v.title} on ${v.day} at ${v.time}.`,
        (v) => `Add ${v.title} to my calendar on ${v.day} at ${v.time}.`,
        (v) => `Schedule ${v.title} for ${v.day} at ${v.time}.`,
        (v) => `Put ${v.title} into my calendar for ${v.day} at ${v.time}.`,
      ],
      askedHeldOut: [
        (v) => `Please create an event ${v.title} on ${v.day} at ${v.time}.`,
        (v) => `Make an event ${v.title} on ${v.day} at ${v.time}.`,
      ],
      result: (random, v) => ({
        value: random.pick([{ status: 'created' }, { ok: true }, { success: true }, 'created']),
        answer: `I created the event ${v.title} on ${v.day} at ${v.time}.`,
        words: [String(v.title), String(v.day)],
      }),
    },
    {
      names: ['set_timer', 'start_timer', 'timer', 'setTimer'],
      descriptions: ['Set a timer', 'Start a timer of some minutes', 'Sets a kitchen timer'],
      parameters: { minutes: ['minutes', 'duration', 'duration_minutes'] },
      values: (random, split) => ({ minutes: aNumber(random, split, 1, 90) }),
      asked: [
        (v) => `Set a timer for ${v.minutes} minutes.`,
        (v) => `Start a timer for ${v.minutes} minutes.`,
        (v) => `Timer for ${v.minutes} minutes`,
        (v) => `Wake me in ${v.minutes} minutes.`,
      ],
      askedHeldOut: [(v) => `Please set a timer for ${v.minutes} minutes.`, (v) => `Set a ${v.minutes} minutes timer.`],
      result: (random, v) => ({
        value: random.pick([{ status: 'started' }, { ok: true }, { success: true }, 'started']),
        answer: `I set a timer for ${v.minutes} minutes.`,
        words: [String(v.minutes)],
      }),
    },
    {
      names: ['search_web', 'web_search', 'search', 'searchWeb', 'search_internet'],
      descriptions: ['Search the web', 'Search the internet for a query', 'Finds pages'],
      parameters: { query: ['query', 'q', 'search_query', 'text'] },
      values: (random, split) => ({ query: aTopic(random, split) }),
      asked: [
        (v) => `Search the web for ${v.query}.`,
        (v) => `Search for ${v.query}.`,
        (v) => `Look up ${v.query} on the internet.`,
        (v) => `Find pages about ${v.query}.`,
        (v) => `search ${v.query}`,
      ],
      askedHeldOut: [(v) => `Please search the web for ${v.query}.`, (v) => `Search the internet for ${v.query}.`],
      result(random, v) {
        const title = `${capitalised(random.pick(['all about', 'the guide to', 'a history of', 'news of', 'facts about']))} ${v.query}`;
        const value = random.pick<unknown>([{ title }, { results: [title] }, [{ title }], title]);
        return { value, answer: `I found: ${title}.`, words: [title] };
      },
    },
    {
      names: ['search_documents', 'search_knowledge_base', 'find_documents', 'lookup', 'query_documents'],
      descriptions: ['Search the documents of the company', 'Search the knowledge base', 'Finds documents'],
      parameters: { query: ['query', 'question', 'topic', 'text'] },
      values: (random, split) => ({ query: aTopic(random, split) }),
      asked: [
        (v) => `What do our documents say about ${v.query}?`,
        (v) => `Search our documents for ${v.query}.`,
        (v) => `Look in the knowledge base for ${v.query}.`,
      ],
      askedHeldOut: [(v) => `Find ${v.query} in our documents.`, (v) => `Please search our documents for ${v.query}.`],
      result(random, v) {
        const title = `${capitalised(random.pick(['rules for', 'the plan of', 'report on', 'notes on']))} ${v.query}`;
        return {
          value: random.pick<unknown>([{ title }, { results: [title] }, title]),
          answer: `I found: ${title}.`,
          words: [title],
        };
      },
    },
  ];
}
