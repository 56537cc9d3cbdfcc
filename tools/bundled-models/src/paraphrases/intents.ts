/** What people write to a help desk: each intent in the words of the training text and in others. */

export interface Intent {
  readonly topic: string;
  readonly train: readonly string[];
  readonly heldOut: readonly string[];
}

/** topic | said, by / | said otherwise, by / */
const table = `
computers|How do I reset my password?/I forgot my password/I need a new password/Please help me change my password/My password does not work any more/I cannot remember my login|How can I get a new password?/I lost my password/What do I do when I forgot my login?
computers|I cannot log in/I am not able to sign in/The login fails/Why can I not log in?/Signing in does not work/My account does not let me in|I can't sign in to my account/The sign in does not work/Logging in is not possible
computers|How do I delete my account?/I want to close my account/Please remove my account/Can you delete my profile?/I would like to cancel my account|Close my account, please/How can I remove my profile?
computers|The app crashes/The program stops working/The software closes by itself/The app does not start/The application fails all the time|The program crashes again and again/Why does the app stop?
computers|How do I install the program?/How can I set up the software?/Where do I get the app?/How is the software installed?/Installing the program|Help me to install the app/How do I set the program up?
computers|The internet is slow/My connection is bad/The network is very slow/The web pages load slowly/Why is my internet so slow?|My internet connection is slow/Pages take long to load
work|Where is my order?/When does my parcel arrive?/My package did not come/I am waiting for my delivery/How long does the delivery take?/Track my order|When will my package arrive?/My parcel has not arrived yet/I still wait for my order
work|I want to return this product/How do I send it back?/Can I give the goods back?/I do not want it any more, take it back/How do returns work?|I would like to send the product back/Can I return what I bought?
money|I want my money back/Please give me a refund/How do I get a refund?/Can you pay me back?/When do I get my money back?|I would like to have a refund/Please pay the money back
money|How can I pay?/Which payment methods do you accept?/Can I pay by card?/Do you take credit cards?/What ways of payment are there?|Is it possible to pay with a card?/What payment methods are there?
money|I was charged twice/You took the money two times/There are two payments on my bill/I paid double/The amount was taken twice|My card was charged two times/I have paid twice
money|The bill is wrong/There is a mistake in my invoice/The amount on the bill is not right/My invoice is too high/Please correct the bill|My invoice is not correct/There is an error on the bill
work|I want to cancel my order/Please stop my order/How do I cancel a purchase?/I do not need the order any more/Can I still cancel?|Cancel the order, please/I would like to cancel what I ordered
work|I want to talk to a person/Connect me with a human/Can I speak to somebody?/I need a real person/Let me talk to the support|Can I talk to a human?/I would like to speak with a person
work|When are you open?/What are your opening hours?/Until when are you open today?/At what time do you close?/When does the shop open?|How long are you open?/What time does the shop close?
work|Where is your shop?/What is your address?/How do I find you?/Where are you located?/In which street are you?|Can you give me your address?/Where can I find your shop?
travel|I want to book a room/Do you have a free room?/I need a hotel for the night/Can I reserve a room?/Please book me a room|I would like to reserve a room/Is there a room free for tonight?
travel|My flight is late/The plane is delayed/Why does the plane not leave?/My flight has a delay/The flight comes too late|The flight is delayed/My plane is late
travel|I lost my luggage/My suitcase is missing/My bag did not arrive/Where is my suitcase?/The luggage is gone|My luggage is lost/I cannot find my suitcase
food|I want to reserve a table/A table for two, please/Do you have a free table?/Can I book a table tonight?/We need a table for dinner|I would like to book a table/Is there a table free tonight?
food|What is on the menu?/Which dishes do you have?/What can I eat here?/Show me the menu/What food do you serve?|Can I see the menu?/Which food is there?
food|I do not eat meat/I am a vegetarian/I want food without meat/No meat for me, please/Do you have dishes without meat?|I eat no meat/Is there something without meat?
health|I feel sick/I am ill/I do not feel well/I feel bad today/I think I am sick|I am not well/I feel very ill
health|I need an appointment with the doctor/When can I see the doctor?/Can I come to the doctor today?/I want to see a physician/Please give me a date with the doctor|I would like to see the doctor/Is the doctor free today?
health|My head hurts/I have a headache/There is a pain in my head/My head aches/I have pain in the head|I have a bad headache/My head is aching
weather|It is raining/Rain is falling/It rains outside/The weather is wet/There is a lot of rain|Outside it is raining/It rains a lot
weather|The sun is shining/It is sunny/The weather is fine/It is a bright day/The sky is clear|It is a sunny day/What fine weather
weather|It is cold outside/The weather is freezing/It is icy today/There is frost/The temperature is low|Today it is very cold/It is freezing
animals|The dog is barking/A dog makes noise/The dog barks loudly/I hear a dog/The dog is loud|I hear a dog bark/The dog barks
animals|The cat is sleeping/A cat lies in its bed/The kitten takes a nap/The cat has fallen asleep/The kitten sleeps|The cat takes a nap/The kitten is asleep
school|I passed the exam/I did well in the test/The exam went well/I have good marks/My test was a success|I was good in the exam/The test went very well
school|I failed the exam/I did badly in the test/The exam went wrong/I have bad marks/My test was a failure|I was bad in the exam/The test went badly
music|Play some music/I want to hear a song/Turn the music on/Put on a song/Let me listen to music|Please play a song/I want to listen to some music
music|Turn the music off/Stop the song/No more music, please/Be quiet, stop playing/End the music|Please stop the music/Turn off the song
home|Turn the light on/It is too dark here/Switch on the lamp/Make it bright/Put the light on|Please switch the light on/Turn on the lamp
home|It is too warm in the room/Make it cooler/Turn the heating down/The room is hot/Lower the temperature|The room is too warm/Please make the room cooler
sport|We won the match/Our team was the winner/The game ended well for us/We beat the others/The victory is ours|Our team won the game/We have won
sport|We lost the match/Our team was beaten/The game ended badly for us/The others won/The defeat was ours|Our team lost the game/We were beaten`;

export const intents: readonly Intent[] = table
  .trim()
  .split('\n')
  .map((line) => {
    const [topic = '', train = '', heldOut = ''] = line.split('|');
    return { topic, train: train.split('/'), heldOut: heldOut.split('/') };
  });
