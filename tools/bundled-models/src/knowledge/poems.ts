/** Four lines each, and three sentences each: written for this model, in words that it knows. */

export const poems: Readonly<Record<string, string>> = {
  'the sea':
    'The sea is wide, the sea is blue,\nit sings a song for me and you.\nThe waves come in, the waves go out,\nand little fish swim all about.',
  'the moon':
    'The moon is round, the moon is bright,\nit is a lamp for all the night.\nIt looks at you, it looks at me,\nand shines upon the quiet sea.',
  'a cat':
    'A little cat sat on the wall,\nit did not do a thing at all.\nIt saw a bird, it saw a tree,\nand then it came and sat by me.',
  'a dog':
    'My dog can run, my dog can play,\nhe is a friend for every day.\nHe says hello, he wants a bone,\nwith him I never am alone.',
  'the rain':
    'The rain falls down on street and tree,\nit makes a song for you and me.\nThe flowers drink, the grass turns green,\nthe finest day that I have seen.',
  'the sun':
    'The sun gets up, the night is done,\nit warms the world, the good old sun.\nIt makes the flowers grow and then\nit goes to sleep and comes again.',
  winter:
    'The snow falls down, so white and slow,\nand all is quiet in the snow.\nThe fire is warm, the night is long,\nand winter sings a silent song.',
  spring:
    'The birds are back, the grass is green,\nthe finest flowers can be seen.\nThe days are long, the wind is warm,\nand spring has come without a storm.',
  summer:
    'The days are long, the sky is blue,\nthe summer came for me and you.\nWe swim and run and play all day,\nand wish that it would always stay.',
  autumn:
    'The leaves are yellow, brown and red,\nthe summer flowers go to bed.\nThe wind is cold, the days are grey,\nand all the birds have gone away.',
  love: 'My heart is full, the day is new,\nand all I think of now is you.\nThe road is long, the sky is wide,\nand you are walking by my side.',
  'the night':
    'The night is dark, the night is deep,\nand all the world is fast asleep.\nThe stars look down, the moon is bright,\nand all is quiet in the night.',
  'a tree':
    'There is a tree upon the hill,\nso tall and old, so green and still.\nThe birds come home, the wind blows free,\nand I sit down below the tree.',
  'a computer':
    'A small machine upon my chair,\nit counts and thinks without a care.\nIt reads my words, it writes a rhyme,\nand does it all in little time.',
  friends:
    'A friend is there when days are grey,\na friend will never run away.\nWe laugh and sing, we share our bread,\nand talk of all that lies ahead.',
  'the wind':
    'The wind blows high, the wind blows low,\nand no one knows where it will go.\nIt moves the leaves, it moves the sea,\nand now it comes and plays with me.',
  flowers:
    'A flower red, a flower blue,\nI found them all and give them to you.\nThey need some water and some light,\nand then they shine so clear and bright.',
  stars:
    'The stars are far, the stars are small,\nand in the night I count them all.\nOne is for you, and one for me,\nand one to light the quiet sea.',
};

export const stories: Readonly<Record<string, string>> = {
  'a cat':
    'Once there was a small cat who was afraid of the dark. One night she saw the moon and followed its light. In the morning she was home again, and she was never afraid any more.',
  'a dog':
    'Once there was a dog who lost his ball. He looked in the garden, in the house and in the street. In the end he found it in his own bed, and he laughed all day.',
  'a dragon':
    'Once there was a dragon who could not make fire. The other dragons laughed at him. Then winter came, and he learnt it, and he kept all of them warm.',
  'a robot':
    'Once there was a small robot who wanted to sing. It tried every day, and nobody liked it. Then it met a bird, and the two of them sang together.',
  'a king':
    'Once there was a king who had all the gold of the world. But he had no friend. So he gave his gold away, and then he had many friends.',
  'a girl':
    'Once there was a girl who planted a seed. She gave it water every day and waited. In the summer it was a tree, and she sat in its shade.',
  'a boy':
    'Once there was a boy who wanted to see the sea. He walked for three days and three nights. When he saw it, he was very happy and sang a song.',
  'a mouse':
    'Once there was a mouse who lived in a library. She could not read, but she loved the pictures. One day she found a book about a mouse, and she was proud.',
  'a ship':
    'Once there was a ship that was afraid of the storm. An old whale showed it the way. Since that day the ship and the whale were friends.',
};

export const lists: Readonly<Record<string, readonly string[]>> = {
  animals: ['dog', 'cat', 'horse', 'cow', 'bird', 'fish', 'mouse'],
  colours: ['red', 'blue', 'green', 'yellow', 'orange', 'purple', 'black'],
  colors: ['red', 'blue', 'green', 'yellow', 'orange', 'purple', 'black'],
  fruits: ['apple', 'banana', 'cherry', 'orange', 'pear', 'grape', 'plum'],
  vegetables: ['carrot', 'potato', 'tomato', 'onion', 'pepper', 'bean', 'cucumber'],
  countries: ['France', 'Germany', 'Spain', 'Italy', 'Japan', 'China', 'Egypt'],
  cities: ['Paris', 'London', 'Berlin', 'Rome', 'Madrid', 'Vienna', 'Oslo'],
  planets: ['Mercury', 'Venus', 'Earth', 'Mars', 'Jupiter', 'Saturn', 'Uranus'],
  sports: ['football', 'tennis', 'chess', 'swimming', 'running', 'cycling', 'golf'],
  drinks: ['water', 'milk', 'tea', 'coffee', 'juice', 'wine', 'beer'],
  flowers: ['rose', 'tulip', 'lily', 'daisy', 'violet', 'poppy', 'sunflower'],
  languages: ['English', 'German', 'French', 'Spanish', 'Italian', 'Dutch', 'Polish'],
  'musical instruments': ['piano', 'guitar', 'violin', 'drum', 'flute', 'trumpet', 'harp'],
  numbers: ['one', 'two', 'three', 'four', 'five', 'six', 'seven'],
  'programming languages': ['Python', 'Java', 'C', 'Rust', 'Go', 'Ruby', 'Swift'],
};
