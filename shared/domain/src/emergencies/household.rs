//! Who is spoken of: the speaker alone, or somebody beside them. "I have fallen" and "My husband has fallen too" are two
//! emergencies, though the rules find the same cue in both.

use std::sync::LazyLock;

use super::normalise::{has_words, normal};
use crate::locale::Language;

/// Words for those who may be in danger beside a patient. Where a word may be something else as well, such as French `il`,
/// it is left out: what is taken for the same person twice is told once in five minutes.
fn words(language: Language) -> &'static str {
    match language {
        Language::En => {
            "husband wife son daughter mum mom mother dad father granny grandma grandmother grandad granddad grandpa \
             grandfather brother sister grandson granddaughter baby partner hubby missus friend neighbour neighbor he she"
        }
        Language::De => {
            "mann frau sohn tochter mutter vater mama papa mutti vati oma opa bruder schwester enkel enkelin baby partner \
             partnerin freund freundin nachbar nachbarin er"
        }
        Language::Fr => {
            "mari femme epoux epouse fils fille mere pere maman papa mamie papi frere soeur bebe compagnon compagne ami amie \
             voisin voisine elle"
        }
        Language::Es => {
            "marido mujer esposo esposa hijo hija madre padre mama papa abuela abuelo hermano hermana nieto nieta bebe pareja \
             amigo amiga vecino vecina ella"
        }
        Language::It => {
            "marito moglie figlio figlia madre padre mamma papa nonna nonno fratello sorella nipote bambino bambina compagno \
             compagna amico amica lui lei"
        }
        Language::Pt => {
            "marido mulher esposo esposa filho filha mae pai mama papa avo irmao irma neto neta bebe companheiro companheira \
             amigo amiga vizinho vizinha ele ela"
        }
        Language::Ru => {
            "муж мужу мужа мужем жена жене жену сын сыну сына дочь дочка дочке мама маме маму папа папе мать отец отцу бабушка \
             бабушке дедушка дедушке дед брат брату сестра сестре внук внуку внучка внучке сосед соседу соседка соседке он она \
             ему ей"
        }
        Language::Hi => {
            "पति पत्नी बीवी बेटा बेटे बेटी माँ मां पिता पापा मम्मी दादी दादा नानी नाना भाई बहन पोता पोते पोती बच्चा बच्चे पड़ोसी"
        }
        Language::Ar => {
            "جوزي زوجي زوجتي مراتي مرتي ابني بنتي امي ابوي ابويا بابا ماما ستي جدي جدتي اخوي اخي اختي حفيدي حفيدتي جاري جارتي \
             صاحبي صاحبتي هو هي"
        }
        Language::Zh => {
            "老伴 丈夫 老公 妻子 老婆 儿子 兒子 女儿 女兒 妈 媽 爸 爷爷 爺爺 奶奶 哥哥 弟弟 姐姐 妹妹 孙子 孫子 孙女 孫女 孩子 邻居 \
             鄰居 他 她"
        }
        Language::Ja => {
            "主人 旦那 うちの夫 夫が 夫も 妻 家内 女房 息子 娘 母 父 お母さん お父さん 祖母 祖父 おばあ おじい 兄 弟 姉 妹 孫 赤ちゃん"
        }
        Language::Ko => {
            "영감 남편 집사람 마누라 아내 와이프 할멈 할아버지 할머니 어머니 아버지 엄마 아빠 아들 딸 누나 언니 오빠 동생 손자 손녀"
        }
    }
}

/// Letters that Arabic writes before a word: and, so, with, to.
const JOINED: [char; 4] = ['و', 'ف', 'ب', 'ل'];

/// Whether somebody beside the speaker is named in a text in its one spelling.
pub(super) fn names_another(text: &str, language: Language) -> bool {
    static KNOWN: LazyLock<Vec<Vec<String>>> = LazyLock::new(|| {
        let of = |language: &Language| words(*language).split(' ').map(|word| normal(word, *language)).collect();
        Language::ALL.iter().map(of).collect()
    });
    let Some(known) = Language::ALL.iter().position(|one| *one == language).and_then(|at| KNOWN.get(at)) else {
        return false;
    };
    if !has_words(language) {
        // "All right" is no husband.
        let text = text.replace("大丈夫", "");
        return known.iter().any(|word| text.contains(word));
    }
    let is_known = |word: &str| known.iter().any(|known| known == word);
    text.split(' ').any(|word| is_known(word) || word.strip_prefix(JOINED).is_some_and(is_known))
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case(Language::En, "I have fallen", "My husband has fallen too"; "en")]
    #[test_case(Language::De, "Ich bin gestürzt", "Meine Frau ist auch gestürzt"; "de")]
    #[test_case(Language::Fr, "Je suis tombée", "Mon mari est tombé aussi"; "fr")]
    #[test_case(Language::Es, "Me he caído", "Mi mamá también se ha caído"; "es")]
    #[test_case(Language::It, "Sono caduta", "È caduto anche mio marito"; "it")]
    #[test_case(Language::Pt, "Eu caí", "A minha mãe também caiu"; "pt")]
    #[test_case(Language::Ru, "Я упала", "Мужу плохо, он тоже упал"; "ru")]
    #[test_case(Language::Hi, "मैं गिर गई", "मेरे पति भी गिर गए"; "hi")]
    #[test_case(Language::Ar, "وقعت على الأرض", "وقع زوجي أيضا"; "ar")]
    #[test_case(Language::Zh, "我摔倒了", "我老伴也摔倒了"; "zh")]
    #[test_case(Language::Ja, "転びました、大丈夫じゃないです", "主人も転びました"; "ja")]
    #[test_case(Language::Ko, "제가 넘어졌어요", "남편도 넘어졌어요"; "ko")]
    fn who_is_spoken_of(language: Language, alone: &str, another: &str) {
        assert!(!names_another(&normal(alone, language), language), "{alone}");
        assert!(names_another(&normal(another, language), language), "{another}");
    }
}
