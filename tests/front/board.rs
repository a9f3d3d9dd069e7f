//! A board is put up by a command, found where it stands, and taken down by its button, by those who may.

use botswain::discord::custom_id::CustomId;
use botswain::domain::audit::{Handling, Verdict};
use botswain::domain::notice::Slot;
use serde_json::json;

use crate::harbour::{Harbour, text};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p10_a_board_is_put_up_once_and_taken_down_once_and_each_wish_has_its_record() {
    let harbour = Harbour::open().await;
    let run = async |who| harbour.done(harbour.run(who, "board", &[("env", "production")]).await).await;
    let refused = run(harbour.vera()).await;
    assert!(text(&refused).contains('⛔'), "a viewer may not: {}", text(&refused));
    let up = run(harbour.olga()).await;
    assert!(text(&up).contains("The board of Production is posted here"), "{}", text(&up));
    let again = run(harbour.olga()).await;
    assert!(text(&again).contains("that board is on its way"), "{}", text(&again));
    let boards = harbour.store.boards().await.unwrap();
    assert_eq!(boards.len(), 1);
    assert!(harbour.store.place_of(&Slot::Board(boards[0].id.clone())).await.unwrap().is_none(), "it is in the outbox");

    // Whoever knows the button presses it, on any message.
    let down = CustomId::Unboard(boards[0].id.clone()).to_string();
    for (who, says) in
        [(harbour.vera(), "⛔"), (harbour.olga(), "is not kept any more"), (harbour.olga(), "was taken down already")]
    {
        let message = harbour.done(harbour.forge(who, &up, &down).await).await;
        assert!(text(&message).contains(says), "{}", text(&message));
    }
    assert_eq!(harbour.store.boards().await.unwrap(), []);
    let mut records: Vec<_> = harbour.records().await.iter().map(|record| (record.handling, record.verdict)).collect();
    records.sort_by_key(|(handling, verdict)| (handling.map(Handling::word), verdict.word()));
    let (up, down) = (Some(Handling::Board), Some(Handling::Unboard));
    assert_eq!(
        records,
        [
            (up, Verdict::Denied),
            (up, Verdict::Denied),
            (up, Verdict::Done),
            (down, Verdict::Denied),
            (down, Verdict::Denied),
            (down, Verdict::Done),
        ]
    );
    harbour.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_it_could_not_be_posted_no_board_is_put_up_and_what_lacks_is_named() {
    let harbour = Harbour::open().await;
    let (channel, me) = (harbour.seed.team_channel.id, harbour.seed.bot_user_id);
    let deny = json!({"role_or_user_id": me, "type": 1, "allow": "0", "deny": (1 << 14).to_string()});
    harbour.control().put(&format!("/channels/{channel}/permissions"), deny).await;
    let refused = harbour.done(harbour.run(harbour.olga(), "board", &[("env", "production")]).await).await;
    assert_eq!(
        text(&refused),
        "⛔ Botswain lacks **Embed Links** here, so no board was put up: grant it, or ask in another channel."
    );
    assert_eq!(harbour.store.boards().await.unwrap(), []);
    assert_eq!(harbour.records().await.len(), 1);
    harbour.close().await;
}
