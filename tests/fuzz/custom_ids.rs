//! What a button or a menu sends back: anybody can forge it, of any length.
use botswain::discord::custom_id::CustomId;
use botswain::discord::render::limits;
use botswain::domain::action::Verb;
use botswain::domain::ids::{Id, Key};
use botswain::domain::tiles::Show;
use botswain::operations::Part;
use proptest::prelude::*;

use crate::fuzz;

/// Ids as we write them. (The letters of the short texts come from the case, so that a seed leads back to it.)
fn ours() -> impl Strategy<Value = CustomId> {
    let id = || "[0-9a-hjkmnp-tv-z]{16}".prop_map(|text| text.parse::<Id>().unwrap());
    let key = || "[0-9a-hjkmnp-tv-z]{12}".prop_map(|text| text.parse::<Key>().unwrap());
    let part = || prop::sample::select(Part::ALL.to_vec());
    prop_oneof![
        id().prop_map(CustomId::Confirm),
        id().prop_map(CustomId::Cancel),
        id().prop_map(CustomId::ConfirmForm),
        id().prop_map(CustomId::PlanAgain),
        id().prop_map(CustomId::LeaveStopped),
        (key(), key()).prop_map(|(connector, to)| CustomId::Move { connector, to }),
        (id(), part(), any::<u16>()).prop_map(|(request, part, page)| CustomId::Pick { request, part, page }),
        (id(), part(), any::<u16>()).prop_map(|(request, part, page)| CustomId::Page { request, part, page }),
        (prop::sample::select(Verb::ALL.to_vec()), key())
            .prop_map(|(verb, connector)| CustomId::Ask { verb, connector }),
        (key(), prop::option::of(key())).prop_map(|(environment, bot)| CustomId::Status { environment, bot }),
        (key(), prop::sample::select(Show::ALL.to_vec()), any::<u16>())
            .prop_map(|(environment, show, page)| CustomId::Overview { environment, show, page }),
        key().prop_map(|environment| CustomId::Filter { environment }),
        key().prop_map(|environment| CustomId::Details { environment }),
    ]
}

/// Ours, with something cut out, put in or doubled.
fn spoilt() -> impl Strategy<Value = String> {
    (ours(), any::<prop::sample::Index>(), any::<prop::sample::Index>(), ".{0,3}|:|\\PC{80,200}").prop_map(
        |(id, from, to, put)| {
            let text: Vec<char> = id.to_string().chars().collect();
            let (from, to) = (from.index(text.len() + 1), to.index(text.len() + 1));
            let (head, tail) = (&text[..from], &text[to..]);
            head.iter().copied().chain(put.chars()).chain(tail.iter().copied()).collect()
        },
    )
}

/// The words of the form, in any order and number.
fn words() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        prop::sample::select(vec![
            "b1",
            "b0",
            "B1",
            "confirm",
            "cancel",
            "confirm-form",
            "again",
            "move",
            "leave-stopped",
            "pick",
            "page",
            "ask",
            "status",
            "overview",
            "filter",
            "details",
            "all",
            "trouble",
            "stop",
            "start",
            "redeploy",
            "environment",
            "bot",
            "connector",
            "target",
            "0",
            "00",
            "+1",
            "-1",
            "65535",
            "65536",
            "",
            " ",
        ])
        .prop_map(str::to_owned),
        "[0-9a-z]{11,17}",
        any::<String>(),
    ];
    prop::collection::vec(word, 0..7).prop_map(|words| words.join(":"))
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        spoilt(),
        words(),
        "b1:\\PC{0,300}",
        prop::collection::vec(any::<char>(), 100..2_000).prop_map(String::from_iter)
    ]
}

#[test]
fn every_custom_id_of_ours_is_read_back_and_fits() {
    fuzz(256, ours(), |id| {
        let text = id.to_string();
        assert!(text.len() <= limits::CUSTOM_ID, "{text}");
        assert_eq!(text.parse(), Ok(id));
    });
}

#[test]
fn a_custom_id_that_is_taken_is_spelt_as_we_would_have_spelt_it() {
    fuzz(512, any_text(), |text| {
        if let Ok(id) = text.parse::<CustomId>() {
            assert_eq!(id.to_string(), text);
            assert!(text.len() <= limits::CUSTOM_ID);
        }
    });
}
