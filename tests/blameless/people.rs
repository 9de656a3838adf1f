//! Made-up people, with the names that make trouble: words, double names, particles, apostrophes, accents, nicknames, shared surnames.

use domain::blameless::Person;

/// Chance with a seed: SplitMix64.
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).expect("it is below a usize")
    }

    pub fn one<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }
}

/// Somebody, taken apart by who made them up and not by what is tested.
pub struct Made {
    pub person: Person,
    pub first: String,
    pub surname: String,
    pub nickname: Option<String>,
    pub handle: String,
    pub chat_id: String,
    pub email: String,
    /// First name and surname as in files and accounts.
    pub slug: String,
}

/// First names that are words, or something else with a capital.
const WORDS: &str = "Will Mark Grace May Rob An Bill Hope Jack Frank Grant Dawn Heather Ivy Rose Lily Pearl Amber Drew Pat Sue Don Nick Peg Joy \
    Faith Robin Jay Chase Skip Rusty Sandy Penny Mercy Summer Art Ray Rich Chip Ace Dean Miles Earl Duke Iris Violet Olive Ginger Melody Page June \
    April August Ruby Julia Jordan Austin Paris Victoria Florence Jenkins Ada Jo Al Ed Bo Vi Max Guy Gene Bob Tom Jenny Dick Carol Bud Herb Christian";
/// First names that are nothing else in English.
const NAMES: &str = "Kim Siobhán José Zoë Jürgen Søren Łukasz Anna-Lena Jean‑Luc Mei-Ling Nguyễn Håkon Björn Ștefan Ağca İpek Chiara Oluwaseun Priya \
    Wojciech Katarzyna Ahmed Fatima Yuki Haruto Dmitri Svetlana Tomás Inês Renée François Élodie Niamh Aoife D'Andre Tshepo Kwame Ngozi Rajesh Ananya \
    Michael Sarah Thomas Jessica Benjamin Stephanie Gareth Nigel Alistair Philippa Hamish Agnieszka Mohammed Yusuf Leila Omar Tariq Chinedu Björk";
/// Surnames; some are words, some are shared by many.
const SURNAMES: &str = "Hunter Baker Price Stone King Young Long Park Bush Banks Cook Field Wood Rice Black Brown White Green Day Knight Love Moody \
    Noble Pope Short Small Swift Waters Wise Best Bell Case Cross Fox Ford Frost Hill Lane Marsh Power Reed Root Stack Call Down Smith Smith Jones Lee Lee \
    Novak Kowalski Kowalska O'Brien O’Neill D'Angelo Müller Sørensen Łuczak García-Márquez Smith-Jones Nowak-Kowalczyk Van_der_Berg van_der_Meer de_la_Cruz \
    von_Neumann Ó_Súilleabháin McDonald MacLeod Nguyen Tran Yamamoto Okonkwo Adeyemi Petrov Ivanova Schmidt Schäfer Lindqvist Åkesson Björnsson Haugen \
    Çelik Yılmaz Öztürk Nuñez Muñoz Araújo Gonçalves Dubois Lefèvre Rossi Bianchi Horváth Nagy Popescu Hawthorne Fitzgerald Abernathy Weatherby Singh Patel";
const NICKNAMES: &str = "Kimmy Sparky Ace Doc Bugs Red Moose Zed Tiny Buzz Mickey Jojo Mads Sasha Fitz Wojtek Kasia Rafi Shiv";

/// People with ids, names and addresses, the same for the same seed.
pub fn make(count: usize, chance: &mut Chance) -> Vec<Made> {
    let split = |text: &'static str| text.split_whitespace().collect::<Vec<_>>();
    let (words, names, surnames, nicknames) = (split(WORDS), split(NAMES), split(SURNAMES), split(NICKNAMES));
    let mut taken = std::collections::HashSet::new();
    (0..count)
        .map(|number| {
            // Two people of one name are a doubt at every place; the unit tests have them.
            let (first, surname) = loop {
                let from = if chance.below(3) == 0 { &words } else { &names };
                let name = (chance.one(from).to_owned(), chance.one(&surnames).replace('_', " "));
                if taken.insert(name.clone()) {
                    break name;
                }
            };
            let nickname = (chance.below(5) == 0).then(|| chance.one(&nicknames).to_owned());
            let plain = |text: &str| ascii(text).to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "");
            let slug = format!("{}-{}", plain(&first), plain(&surname));
            let handle = match chance.below(3) {
                0 => slug.replace('-', "."),
                1 => format!("{}{}", &plain(&first)[..1], plain(&surname)),
                _ => slug.replace('-', "_"),
            };
            let handle = format!("{handle}{number}");
            let email = format!("{}{number}@example.org", slug.replace('-', "."));
            let chat_id = format!("U0{:06X}", 7_919 * (number + 100));
            let person = Person {
                id: format!("per_{number}"),
                name: format!("{first} {surname}"),
                nicknames: nickname.iter().cloned().collect(),
                handles: vec![format!("@{handle}"), format!("<@{chat_id}>")],
                emails: vec![email.clone()],
                ..Person::default()
            };
            Made { person, first, surname, nickname, handle, chat_id, email, slug }
        })
        .collect()
}

/// As somebody types it who has no accents on the keyboard.
pub fn ascii(text: &str) -> String {
    const ACCENTS: &str =
        "áaàaâaãaåaäaéeèeêeëeíiìiîiïióoòoôoõoöoúuùuûuüuñnçcşsșsğgřršsžzłlıiøoœoýyăaễeÁAÀAÂAÅAÄAÉEÈEÊEÍIÓOÔOÖOÚUÜUÇCŞSȘSŁLİIØOÓO";
    let pairs: Vec<char> = ACCENTS.chars().collect();
    let plain = |c: char| pairs.chunks(2).find(|pair| pair[0] == c).map_or(c, |pair| pair[1]);
    text.chars()
        .map(|c| {
            if matches!(c, '’') {
                '\''
            } else if matches!(c, '‑') {
                '-'
            } else {
                plain(c)
            }
        })
        .collect()
}
