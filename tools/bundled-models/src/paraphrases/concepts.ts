/** Things, by topic; each with the words that mean the same or nearly the same. */

export interface Concept {
  readonly topic: string;
  readonly words: readonly string[];
}

const table: Readonly<Record<string, string>> = {
  vehicles:
    'car/automobile/vehicle; bicycle/bike; bus/coach; lorry/truck; motorcycle/motorbike; plane/airplane/aircraft; ship/boat; train/railway',
  animals:
    'dog/puppy/hound; cat/kitten; horse/pony; cow/cattle; bird/parrot; fish/goldfish; rabbit/bunny; mouse/rat; sheep/lamb; pig/piglet',
  food: 'pizza/slice of pizza; soup/broth; bread/loaf; cake/tart; pasta/noodles; salad/vegetables; meat/steak; fruit/apples; cheese/cheddar; breakfast/morning meal; dinner/supper',
  drinks:
    'coffee/espresso; tea/cup of tea; water/bottle of water; wine/red wine; beer/lager; juice/orange juice; milk/glass of milk',
  computers:
    'computer/laptop/PC; phone/mobile/smartphone; printer/printing machine; keyboard/keypad; screen/monitor/display; internet/network; program/software/app; file/document; password/login; server/host; camera/webcam; battery/power pack',
  home: 'house/home; flat/apartment; kitchen/cooking area; garden/yard; sofa/couch; bed/mattress; lamp/light; door/entrance; window/pane; fridge/refrigerator; oven/stove; roof/rooftop; carpet/rug',
  clothes:
    'shirt/blouse; trousers/pants; shoes/boots; coat/jacket; hat/cap; dress/gown; umbrella/parasol; bag/handbag; watch/wristwatch; glasses/spectacles',
  health:
    'doctor/physician; medicine/drug/pill; hospital/clinic; headache/pain in the head; fever/high temperature; cold/flu; dentist/tooth doctor; nurse/carer; bandage/plaster',
  money:
    'money/cash; salary/wage/pay; bill/invoice; bank/savings bank; loan/credit; tax/duty; price/cost; discount/rebate; insurance/insurance policy; ticket/pass',
  school:
    'teacher/instructor; pupil/student; lesson/class; exam/test; school/college; book/textbook; pen/pencil; homework/exercise; library/reading room; mathematics/maths; history/the past',
  music:
    'song/tune; guitar/acoustic guitar; piano/grand piano; concert/gig; band/group; film/movie; theatre/play; painting/picture; violin/fiddle; drum/drums',
  sport:
    'football/soccer; tennis/tennis match; swimming pool/pool; match/game; team/squad; race/running race; coach/trainer; ball/football; mountain hike/hike; chess/chess game',
  travel:
    'holiday/vacation; hotel/inn; flight/air ticket; suitcase/luggage; passport/travel document; beach/seaside; map/city map; airport/terminal; station/railway station; tour/guided tour',
  weather:
    'rain/shower; snow/snowfall; storm/thunderstorm; sun/sunshine; wind/breeze; fog/mist; heat/hot weather; frost/cold weather',
  work: 'job/position; meeting/conference; office/workplace; boss/manager; colleague/co-worker; report/paper; contract/agreement; project/plan; interview/job talk; email/message; letter/mail; parcel/package; order/purchase',
};

export const concepts: readonly Concept[] = Object.entries(table).flatMap(([topic, row]) =>
  row.split(';').map((words) => ({ topic, words: words.trim().split('/') })),
);
