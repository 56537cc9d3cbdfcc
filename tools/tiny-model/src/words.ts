/**
 * The words the model can say, most favoured first. They are short, common and neutral, so that any random sequence of
 * them is harmless.
 */
export const words: readonly string[] = `
the a of and to in is it that for on with as was at by this be from or an are which not have we you they one
all can more when there out up about into time only new some could them other than then now like also over such our
first may any after most where through back each much many well down should because own long make way day good
year water place small great under never last right still old place home hand part high every near add food between
country plant school keep tree start city earth eye light story left late run while press close night real life few
north open seem next white children begin got walk example ease paper group always music those both mark often letter
until mile river car feet care second book carry took science eat room friend began idea fish mountain stop once base
hear horse cut sure watch color face wood main enough plain girl usual young ready above ever red list though feel talk
bird soon body dog family direct leave song measure door product black short class wind question happen complete ship
area half rock order fire south problem piece told knew pass since top whole king space heard best hour better true
during hundred five remember step early hold west ground interest reach fast sing listen six table travel less morning
ten simple several toward map rain rule pull cold notice voice unit power town fine drive fall lead cry dark machine
note wait plan figure star box noun field rest correct able done beauty front teach week final gave green quick develop
ocean warm free minute strong special behind clear tail produce fact street inch nothing course stay wheel full force
blue object decide surface deep moon island foot system busy test record boat common gold possible plane dry wonder
laugh thousand ago ran check game shape equate hot miss brought heat snow tire bring yes distant fill east paint language
among grand ball yet wave drop heart present heavy dance engine position arm wide sail material size vary settle speak
weight general ice matter circle pair include divide felt perhaps pick sudden count square reason length represent art
subject region energy hunt bed brother egg ride cell believe forest sit race window store summer train sleep prove lone
leg exercise wall catch mount wish sky board joy winter written wild instrument kept glass grass cow job edge sign visit
past soft fun bright gas weather month bear finish happy hope flower clothe strange gone jump baby eight village meet
root buy raise solve metal whether push seven paragraph third shall held hair describe cook floor either result burn hill
safe cat century consider type law bit coast copy phrase silent tall sand soil roll temperature finger industry value
`
  .trim()
  .split(/\s+/)
  .filter((word, index, all) => all.indexOf(word) === index);
