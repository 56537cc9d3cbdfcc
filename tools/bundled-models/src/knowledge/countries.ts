/** Countries: capital, continent, language, currency; and their names in German, French and Spanish where those are taught. */

export interface Country {
  readonly name: string;
  readonly capital: string;
  readonly continent: string;
  readonly language?: string;
  readonly currency?: string;
  /** Name of the country and of its capital. */
  readonly german?: readonly [string, string];
  readonly french?: readonly [string, string];
  readonly spanish?: readonly [string, string];
}

/** name; capital; continent; language; currency */
const table = `
France;Paris;Europe;French;the euro
Germany;Berlin;Europe;German;the euro
Spain;Madrid;Europe;Spanish;the euro
Italy;Rome;Europe;Italian;the euro
Portugal;Lisbon;Europe;Portuguese;the euro
Austria;Vienna;Europe;German;the euro
Greece;Athens;Europe;Greek;the euro
Ireland;Dublin;Europe;English;the euro
Finland;Helsinki;Europe;Finnish;the euro
Belgium;Brussels;Europe;;the euro
the Netherlands;Amsterdam;Europe;Dutch;the euro
Switzerland;Bern;Europe;;the Swiss franc
Norway;Oslo;Europe;Norwegian;the Norwegian krone
Sweden;Stockholm;Europe;Swedish;the Swedish krona
Denmark;Copenhagen;Europe;Danish;the Danish krone
Iceland;Reykjavik;Europe;Icelandic;
Poland;Warsaw;Europe;Polish;the zloty
Hungary;Budapest;Europe;Hungarian;the forint
Romania;Bucharest;Europe;Romanian;
Bulgaria;Sofia;Europe;Bulgarian;
Croatia;Zagreb;Europe;Croatian;the euro
Serbia;Belgrade;Europe;Serbian;
Slovakia;Bratislava;Europe;Slovak;the euro
Slovenia;Ljubljana;Europe;;the euro
Estonia;Tallinn;Europe;Estonian;the euro
Latvia;Riga;Europe;Latvian;the euro
Lithuania;Vilnius;Europe;Lithuanian;the euro
Ukraine;Kyiv;Europe;Ukrainian;
Russia;Moscow;Europe;Russian;the ruble
the United Kingdom;London;Europe;English;the pound
England;London;Europe;English;the pound
Scotland;Edinburgh;Europe;;the pound
Wales;Cardiff;Europe;;the pound
the Czech Republic;Prague;Europe;Czech;the koruna
Albania;Tirana;Europe;Albanian;
Malta;Valletta;Europe;;the euro
Cyprus;Nicosia;Europe;;the euro
Turkey;Ankara;Asia;Turkish;the lira
China;Beijing;Asia;Chinese;the yuan
Japan;Tokyo;Asia;Japanese;the yen
India;New Delhi;Asia;;the rupee
South Korea;Seoul;Asia;Korean;the won
North Korea;Pyongyang;Asia;Korean;
Thailand;Bangkok;Asia;Thai;the baht
Vietnam;Hanoi;Asia;Vietnamese;
Indonesia;Jakarta;Asia;Indonesian;
the Philippines;Manila;Asia;;
Malaysia;Kuala Lumpur;Asia;;
Nepal;Kathmandu;Asia;Nepali;
Pakistan;Islamabad;Asia;;
Bangladesh;Dhaka;Asia;;
Mongolia;Ulaanbaatar;Asia;Mongolian;
Iran;Tehran;Asia;Persian;
Iraq;Baghdad;Asia;Arabic;
Israel;Jerusalem;Asia;Hebrew;
Jordan;Amman;Asia;Arabic;
Lebanon;Beirut;Asia;Arabic;
Saudi Arabia;Riyadh;Asia;Arabic;
Qatar;Doha;Asia;Arabic;
Egypt;Cairo;Africa;Arabic;
Morocco;Rabat;Africa;Arabic;
Algeria;Algiers;Africa;Arabic;
Tunisia;Tunis;Africa;Arabic;
Libya;Tripoli;Africa;Arabic;
Kenya;Nairobi;Africa;;
Ethiopia;Addis Ababa;Africa;;
Ghana;Accra;Africa;English;
Nigeria;Abuja;Africa;English;
Senegal;Dakar;Africa;French;
Uganda;Kampala;Africa;;
Rwanda;Kigali;Africa;;
Zambia;Lusaka;Africa;;
Angola;Luanda;Africa;Portuguese;
Namibia;Windhoek;Africa;;
Mali;Bamako;Africa;;
Sudan;Khartoum;Africa;Arabic;
the United States;Washington;North America;English;the dollar
Canada;Ottawa;North America;;the Canadian dollar
Mexico;Mexico City;North America;Spanish;the peso
Cuba;Havana;North America;Spanish;
Jamaica;Kingston;North America;English;
Panama;Panama City;North America;Spanish;
Costa Rica;San Jose;North America;Spanish;
Haiti;Port-au-Prince;North America;;
Brazil;Brasilia;South America;Portuguese;the real
Argentina;Buenos Aires;South America;Spanish;the peso
Chile;Santiago;South America;Spanish;the peso
Peru;Lima;South America;Spanish;
Colombia;Bogota;South America;Spanish;the peso
Ecuador;Quito;South America;Spanish;
Venezuela;Caracas;South America;Spanish;
Uruguay;Montevideo;South America;Spanish;
Paraguay;Asuncion;South America;;
Australia;Canberra;Oceania;English;the Australian dollar
New Zealand;Wellington;Oceania;English;
Fiji;Suva;Oceania;;`;

/** name; German country and capital; French with its preposition; Spanish */
const translations = `
France;Frankreich;Paris;de la France;Paris;Francia;París
Germany;Deutschland;Berlin;de l'Allemagne;Berlin;Alemania;Berlín
Spain;Spanien;Madrid;de l'Espagne;Madrid;España;Madrid
Italy;Italien;Rom;de l'Italie;Rome;Italia;Roma
Portugal;Portugal;Lissabon;du Portugal;Lisbonne;Portugal;Lisboa
Austria;Österreich;Wien;de l'Autriche;Vienne;Austria;Viena
Greece;Griechenland;Athen;de la Grèce;Athènes;Grecia;Atenas
Ireland;Irland;Dublin;de l'Irlande;Dublin;Irlanda;Dublín
Norway;Norwegen;Oslo;de la Norvège;Oslo;Noruega;Oslo
Sweden;Schweden;Stockholm;de la Suède;Stockholm;Suecia;Estocolmo
Denmark;Dänemark;Kopenhagen;du Danemark;Copenhague;Dinamarca;Copenhague
Poland;Polen;Warschau;de la Pologne;Varsovie;Polonia;Varsovia
Hungary;Ungarn;Budapest;de la Hongrie;Budapest;Hungría;Budapest
Japan;Japan;Tokio;du Japon;Tokyo;Japón;Tokio
China;China;Peking;de la Chine;Pékin;China;Pekín
Russia;Russland;Moskau;de la Russie;Moscou;Rusia;Moscú
Egypt;Ägypten;Kairo;de l'Égypte;Le Caire;Egipto;El Cairo
Canada;Kanada;Ottawa;du Canada;Ottawa;Canadá;Ottawa
Brazil;Brasilien;Brasilia;du Brésil;Brasilia;Brasil;Brasilia
Peru;Peru;Lima;du Pérou;Lima;Perú;Lima`;

const translated = new Map(
  translations
    .trim()
    .split('\n')
    .map((line) => line.split(';') as [string, string, string, string, string, string, string])
    .map(([name, g1, g2, f1, f2, s1, s2]) => [
      name,
      { german: [g1, g2] as const, french: [f1, f2] as const, spanish: [s1, s2] as const },
    ]),
);

export const countries: readonly Country[] = table
  .trim()
  .split('\n')
  .map((line) => {
    const [name = '', capital = '', continent = '', language, currency] = line.split(';');
    return {
      name,
      capital,
      continent,
      ...(language && { language }),
      ...(currency && { currency }),
      ...translated.get(name),
    };
  });
