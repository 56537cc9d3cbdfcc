/** What is said about a thing, in the words of the training text and in others. X is the thing. */

export interface Frame {
  readonly train: readonly string[];
  readonly heldOut: readonly string[];
}

/** said, by / | said otherwise, by / */
const table = `
I want to buy X/I would like to purchase X/Where can I get X?/I am looking for a shop that sells X/I need to buy X/How can I order X?|I would like to buy X/Where can I buy X?
I sell X/I want to sell my X/Who wants to buy my X?/My X is for sale/I offer my X|I would like to sell X/Is there somebody who buys my X?
My X is broken/The X does not work any more/There is a problem with my X/The X stopped working/My X has a defect/The X is damaged|Something is wrong with my X/My X is out of order/The X is defective
Can you repair my X?/I need somebody who fixes my X/How do I repair X?/Please fix the X/The X must be repaired|Who can repair my X?/I want to have my X fixed
How much does X cost?/What is the price of X?/Is X expensive?/What do I have to pay for X?/Tell me the price of X|How much is X?/What does X cost?
I like X/I love X/I am fond of X/X is great/I enjoy X very much/X is my favourite|I really like X/I am a fan of X
I do not like X/I hate X/X is awful/I cannot stand X/X is terrible|I dislike X/X is really bad
I lost my X/I cannot find my X/My X is missing/Where is my X?/Has anybody seen my X?|My X is gone/I am searching for my lost X
Somebody stole my X/My X was stolen/A thief took my X/My X has been taken by a thief|They have stolen my X/A thief has my X
Tell me about X/What is X?/Explain X to me/I want to learn about X/Give me information about X|What do you know about X?/I want to know more about X
I found X/There was X in the street/I have discovered X/I came across X|Look, I found X/I have found X
The X is very big/What a huge X/The X is large/It is a giant X|The X is enormous/That is a very large X
The X is very small/What a tiny X/The X is little/It is a mini X|That is a very small X/How small the X is
The X is new/I have a new X/The X was bought yesterday/It is a brand new X|I just got a new X/My X is quite new
The X is old/My X is from long ago/It is an ancient X/The X has seen many years|I have a very old X/How old this X is
I am waiting for X/When does X come?/X is late/How long until X comes?|I still wait for X/Why is X not here yet?
Can you recommend X?/Which X is the best?/What X should I choose?/I need advice about X|What is the best X?/Which X do you recommend?
I need X/I have to have X/I cannot do without X/It is important that I get X|I really need X/X is what I need
I do not need X/I can do without X/X is of no use to me/I have no use for X|X is not needed/I really do not need X
I forgot X/I left X at home/I did not bring X/I have not got X with me|I have forgotten X/Oh no, X is still at home
May I use your X?/Can I borrow X?/Would you lend me your X?/Please let me use X|Could you lend me X?/I would like to borrow X
I am afraid of X/X scares me/X makes me fear/I have fear of X|X frightens me/I am scared of X
X is dangerous/Be careful with X/Watch out for X/X can hurt you|You should be careful with X/X is not safe`;

export const frames: readonly Frame[] = table
  .trim()
  .split('\n')
  .map((line) => {
    const [train = '', heldOut = ''] = line.split('|');
    return { train: train.split('/'), heldOut: heldOut.split('/') };
  });
