"""Function words, question words and typical letters of the eight languages, by which a question's language is recognised.

Hindi has its words in Latin letters too, as people type them; left out are those that are common elsewhere ("the", "main").
"""

from collections.abc import Mapping
from types import MappingProxyType

# Words that carry grammar, not content. A word counts 1 divided by the number of languages that have it here.
FUNCTION_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "en": "the a an of in on at to for from by with about into than as is are was were be been am do does did has have had can "
        "could will would should may might must shall i you he she it we they me my your his her its our their them us this that "
        "these those there here and or but not no if any some many much more most long old often far all between during after "
        "before under over per mean means called name get need take takes made happened happens so because out up also only just "
        "like him tell give",
        "de": "der die das den dem des ein eine einen einem einer eines kein keine von vom zu zum zur in im an am auf aus bei beim mit "
        "nach für über unter vor durch gegen ohne um bis seit während zwischen ist sind war waren sein wird werden wurde wurden "
        "hat haben hatte habe kann können muss müssen darf soll gibt geht heißt kostet dauert liegt steht ich du er sie es wir "
        "ihr man mich mir uns sich mein meine meinen dein deine seine ihre unser unsere dieser diese dieses und oder aber nicht "
        "auch als wenn noch schon nur viel viele lange oft hoch alt bedeutet passiert dass so mehr sehr jetzt würde könnte ihren "
        "ihrem ihrer alle da macht mal bitte",
        "fr": "le la les l l' un une des du de d d' au aux en dans sur sous par pour avec sans chez entre vers depuis pendant contre "
        "est sont était étaient sera été être a ont avait avoir ai peut peuvent doit doivent faut fait font faire va coûte dure "
        "signifie appelle trouve je j j' tu il elle on nous vous ils elles se s' me m' ne n n' pas plus ce c' cet cette ces cela "
        "ça mon ma mes ton votre vos notre nos son sa ses leur leurs et ou mais si y t que qu qu' qui dont veut à lui après avant "
        "comme même tout tous très encore",
        "it": "il lo la i gli le l l' un uno una un' di d d' del dello della dell dell' dei degli delle al allo alla all' ai agli alle "
        "da dal dalla dall' dalle in nel nello nella nell' nei nelle su sul sulla sull' sui sulle con per tra fra è e ed era "
        "erano sono sei sia stato stata ha hanno aveva ho può possono posso deve devono devo fa fanno costa dura significa chiama "
        "trova serve vuole vale io tu lui lei noi voi loro mi ti si ci ne vi non più anche ma se questo questa questi queste suo "
        "sua mio mia nostro nostra vostro che c' c'è cui dopo prima durante senza a ad sta molto essere fatto anni",
        "pt": "o a os as um uma uns umas de do da dos das em no na nos nas num numa ao à aos às por pelo pela pelos pelas para pra com "
        "sem sob sobre entre até desde é são era eram foi foram ser está estão estava tem têm tinha ter há pode podem posso deve "
        "devem faz fazem fica ficam custa dura significa chama serve vale preciso eu tu ele ela nós vocês você eles elas me se "
        "lhe não mais muito e ou mas também este esta esse essa isso isto aquele seu sua seus suas meu minha nosso nossa que "
        "depois antes durante já após ainda apenas",
        "hi": "है हैं था थी थे हो हूँ हुआ हुई हुए होता होती होते होना होगा होगी का की के को से में पर ने तक लिए साथ बाद पहले बारे और या "
        "लेकिन नहीं भी ही तो यह वह ये वे इस उस इसका उसका मैं मुझे मेरा मेरी मेरे हम हमें हमारे आप आपका तुम अपना अपने अपनी करना "
        "करते करता करें कर किया गया गई रहा रहे जा जाता सकता सकते सकती चाहिए एक जो अगर कोई कुछ सब बताओ बताइए मिलता मिलती मिलेगा "
        "वाला वाले hai hain tha thi hun hoon hua hui hota hoti hote hona hoga hogi ka ki ke ko se me mein liye saath baad pehle "
        "aur ya lekin nahi nahin bhi yeh ye woh wo iska uska mujhe mera meri mere hum hame hamare aap aapka tum apna apne apni "
        "karna karne karte karta kare karen kar kiya gaya gayi raha rahe rahi sakta sakte sakti chahiye ek agar koi kuch sab "
        "batao milta milti milte milega wala wale par tak jata jati jaata dena lena",
        "es": "el la los las un una unos unas de del al a en con sin sobre entre hasta desde por para según bajo es son era eran fue "
        "fueron ser está están estaba estar ha han he había tiene tienen tengo tener hay puede pueden puedo debe deben debo hace "
        "hacen cuesta dura significa llama sirve vale queda yo tú él ella usted nosotros ellos ustedes me te se le les lo nos mi "
        "mis tu tus su sus nuestro nuestra este esta esto estos estas ese esa eso aquel y pero no más muy también que si ya "
        "después antes durante ni porque todo tras aún",
        "th": "ของ และ หรือ แต่ ที่ ใน จาก โดย กับ ให้ ได้ เป็น คือ มี ไม่ ต้อง จะ แล้ว ถ้า ว่า แปลว่า นี้ นั้น ครับ ค่ะ คะ",
    }
)
QUESTION_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "en": "was do who whom whose what which when where why how what' who' where' how' when'",
        "de": "wer wen wem wessen was welche welcher welches welchen welchem wann wo woher wohin wie wieso warum weshalb wozu womit "
        "wofür woran worin wodurch wieviel wieviele",
        "fr": "qui que qu' quoi quel quelle quels quelles quand où comment combien pourquoi lequel laquelle lesquels",
        "it": "chi che cosa cos' quale quali qual quando dove dov' come com' quanto quanta quanti quante quant' perché",
        "pt": "quem que quê qual quais quando onde aonde como quanto quanta quantos quantas porque porquê",
        "hi": "क्या कौन कौनसा कौनसी कौनसे किस किसने किसका किसकी किसके किसे किन कब कहाँ कहां कैसे कैसा कैसी क्यों कितना कितने कितनी kya "
        "kaun kaunsa kaunsi kaunse kis kisne kiska kiski kiske kise kab kahan kaha kaise kaisa kaisi kyun kyon kyu kitna kitne "
        "kitni",
        "es": "quién quiénes qué cuál cuáles cuándo dónde adónde cómo cuánto cuánta cuántos cuántas quien cuando donde como cuanto",
        "th": "อะไร ใคร ไหน เมื่อไร เมื่อไหร่ เมื่อใด อย่างไร ยังไง ทำไม เท่าไร เท่าไหร่ เท่าใด กี่ ไหม มั้ย หรือไม่ หรือเปล่า ใด บ้าง",
    }
)
# Letters and signs that few languages write.
LETTERS: Mapping[str, str] = MappingProxyType({"de": "ßäöü", "fr": "àâçèéêëîïôùûœ", "it": "àèìòù", "pt": "ãõâêôçáéíóúà", "es": "ñáéíóú"})
