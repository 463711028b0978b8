//! What a source opens, and how sure it is.

use super::*;
use crate::knowledge::Start;

#[test]
fn a_source_opens_its_passage_whatever_has_come_above_it_and_no_other() {
    let case = Case::new();
    let page = |of: &[&str]| {
        let page = |what: &&str| format!("{what}. {}\n\n", "Nothing fills this place. ".repeat(50));
        of.iter().map(page).collect::<String>()
    };
    case.write("a.txt", &page(&["Alpha", "The walrus sleeps", "Omega"]));
    let mut keeper = case.keeper();
    update(&mut keeper);
    let library = keeper.library();
    let best = library.search("walrus", 1).unwrap().remove(0);
    let start = Start::At(best.fragment.unwrap());
    let opened = || {
        let part = library.part("a.txt", &start, 10).unwrap().unwrap();
        part.at
            .map(|at| part.passages[at - part.first].text[..9].to_owned())
    };
    assert_eq!(opened().as_deref(), Some("The walru"));
    case.write(
        "a.txt",
        &page(&["New", "Alpha", "The walrus sleeps", "Omega"]),
    );
    update(&mut keeper);
    assert_eq!(opened().as_deref(), Some("The walru"));
    case.write("a.txt", &page(&["Alpha", "Nobody", "Omega"]));
    update(&mut keeper);
    assert_eq!(opened(), None);
}

#[test]
fn sources_of_a_time_with_fewer_or_more_folders_open_their_documents() {
    let case = Case::new();
    case.write("a.txt", "Anchors.");
    let mut keeper = case.keeper();
    update(&mut keeper);
    let library = keeper.library();
    let opens = |library: &Library, path: &str| {
        let part = library.part(path, &Start::Place(0), 1).unwrap();
        part.is_some() && library.original(path).unwrap().is_some()
    };
    assert!(opens(&library, "a.txt") && opens(&library, "docs/a.txt"));
    drop((keeper, library));
    let mut library = case.library();
    let folders = &mut Arc::get_mut(&mut library.0).unwrap().sources.folders;
    folders.push(case.home.path().join("more"));
    library.load().unwrap();
    assert!(opens(&library, "a.txt") && opens(&library, "docs/a.txt"));
    assert!(!opens(&library, "more/a.txt"));
}

#[test]
fn documents_that_say_nearly_the_same_do_not_make_each_other_doubtful() {
    let case = Case::new();
    for year in 2017..2025 {
        let text =
            format!("# Handbook {year}\n\nParental leave is 14 weeks, as decided in {year}.\n");
        case.write(&format!("{year}.md"), &text);
    }
    let matters = "travel rooms keys bikes lunch screens chairs phones printers parking visitors badges pets plants noise \
        heating lights bins post stamps tea coffee cups dishes fridges lifts stairs doors windows roofs";
    for matter in matters.split_whitespace() {
        let text = format!("# About {matter}\n\nAsk the desk about {matter} before noon.\n");
        case.write(&format!("{matter}.md"), &text);
    }
    let mut keeper = case.keeper();
    update(&mut keeper);
    for (question, least) in [
        ("parental leave", 0.45),
        ("How many weeks of parental leave are there?", 0.45),
        // None of them says "long".
        ("How long is parental leave?", 0.3),
    ] {
        let found = keeper.library().search(question, 3).unwrap();
        let scores: Vec<f32> = found.iter().map(|passage| passage.score).collect();
        assert!(
            scores.len() == 3 && scores[2] >= least,
            "{question}: {scores:?}"
        );
    }
}

#[test]
fn a_clause_that_stands_in_many_documents_is_as_sure_as_in_one() {
    let score = |copies: usize, limit: usize| {
        let case = Case::new();
        let mut matters = String::new();
        for n in 0..400 {
            matters += &format!("# Matter {n}\n\nOf number {n} there is a shelf.\n\n");
        }
        case.write("matters.md", &matters);
        for n in 0..copies {
            let clause = "Refunds are paid within thirty days of the return of the goods.";
            // Under headings of other lengths it is still the same.
            let heading = "of some kind ".repeat(n % 3);
            let text = format!("# Contract {heading}{n}\n\n## Refunds\n\n{clause}\n");
            case.write(&format!("{n}.md"), &text);
        }
        let mut keeper = case.keeper();
        update(&mut keeper);
        let question = "When are refunds paid?";
        keeper.library().search(question, limit).unwrap()[0].score
    };
    let one = score(1, 3);
    for copies in [19, 20, 21, 50, 150] {
        let many = score(copies, 3);
        assert!(
            many >= 0.45 && (one - many).abs() < 0.1,
            "{copies}: {one} {many}"
        );
    }
    assert_eq!(score(30, 3), score(30, 50), "however many are shown");
}

#[test]
fn what_is_behind_many_copies_raises_the_doubt_that_it_raises_behind_a_few() {
    let score = |copies: usize| {
        let case = Case::new();
        let mut matters = String::new();
        for n in 0..300 {
            matters += &format!("# Matter {n}\n\nOf number {n} there is a shelf.\n\n");
        }
        case.write("matters.md", &matters);
        let clause = "Contact the office with questions about the contract before you sign it.";
        for n in 0..copies {
            case.write(
                &format!("c{n}.md"),
                &format!("# Contract {n}\n\n{clause}\n"),
            );
        }
        let words: Vec<String> = (0..9_000).map(|n| format!("w{}", n * 7)).collect();
        for n in 0..120 {
            let others = words[n * 60..][..20].join(" ");
            let text = format!("# Sheet {n}\n\nContact the office with questions: {others}.\n");
            case.write(&format!("s{n}.md"), &text);
        }
        let mut keeper = case.keeper();
        update(&mut keeper);
        let question = "Which office has questions about aliens?";
        keeper.library().search(question, 3).unwrap()[0].score
    };
    let few = score(15);
    for copies in [21, 40] {
        assert!(
            (few - score(copies)).abs() < 0.1,
            "{copies}: {few} {}",
            score(copies)
        );
    }
}

#[test]
fn a_table_of_thousands_of_short_rows_takes_no_sureness_from_what_is_beside_it() {
    let case = Case::new();
    let matters = "travel rooms keys bikes lunch screens chairs phones printers parking";
    for matter in matters.split_whitespace() {
        let text = format!(
            "# About {matter}\n\nAsk the desk on the ground floor about {matter} before noon.\n"
        );
        case.write(&format!("{matter}.md"), &text);
    }
    let entry = "{\"question\":\"Who waters the plants?\",\"answer\":\"The team on duty, each Monday and Thursday.\"}\n";
    case.write("faq.jsonl", entry);
    let mut keeper = case.keeper();
    update(&mut keeper);
    let library = keeper.library();
    let score = |question: &str| library.search(question, 1).unwrap()[0].score;
    let questions = ["Who waters the plants?", "Whom do I ask about bikes?"];
    let before = questions.map(score);
    let rows: String = (0..2_000)
        .map(|n| format!("SK{n:05},A{}\n", n % 90))
        .collect();
    case.write("stock.csv", &format!("sku,shelf\n{rows}"));
    update(&mut keeper);
    let after = questions.map(score);
    assert!(library.size().unwrap().passages > 1_000);
    for (before, after) in before.into_iter().zip(after) {
        assert!(before >= 0.45 && after >= before - 0.1, "{before} {after}");
    }
}
