//! What a board says, and that it fits whatever the names.

use super::super::board;
use super::*;
use crate::domain::attention::Done;
use crate::domain::board::{Board, Shown};
use crate::incidents::Refused;

fn board(picture: &Picture, environment: &str) -> Board {
    let environment = Environment::new(environment);
    Board {
        id: Id::random(),
        channel: ChannelId(5),
        by: olga(),
        at: at(0),
        shown: Some(Shown::of(picture, &policy(), &environment, POLL, at(1010))),
        environment,
        ended: None,
    }
}

fn said(board: &Board) -> Value {
    notice(&Notice::Board { board: board.clone() }, &context())
}

#[test]
fn a_board_shows_the_tiles_and_the_worst_first_and_says_when_somebody_looked() {
    let up = board(&some_fleet(), "production");
    check(&said(&up), &[]);
    insta::assert_snapshot!(show(&said(&up)), @r#"
    # 🔴 Outage in Production
    4 bots: 1 outage, 1 at risk, 1 never redundant, 1 redundant.
    Checked <t:1010:R>. If that is more than 15 min ago, Botswain is silent and this is old.
    | Active: **4** of 6 connectors
    | Not connected to Conversational Cloud: **1**
    | Not connected to Bot Server: **0**
    | Stopped: **1**
    ~ ref ab12cd34
    # Worst first
    🔴 **Orders Bot** · Outage: 0 of 1 healthy: nothing is left to take conversations
    🟠 **Billing Bot** · At risk: 1 of 2 healthy: no failover left
    🟡 **FAQ Bot** · Never redundant: 1 of 1 healthy: it never had the 2 that are wanted
    🟢 **Returns Bot** · Redundant: 2 of 2 healthy, 2 wanted
    ▾ Details of a bot, worst first
      · Orders Bot (Outage: 0 of 1 healthy: nothing is left to take conversations)
      · Billing Bot (At risk: 1 of 2 healthy: no failover left)
      · FAQ Bot (Never redundant: 1 of 1 healthy: it never had the 2 that are wanted)
      · Returns Bot (Redundant: 2 of 2 healthy, 2 wanted)
    [Show all bots] grey
    [Show bots in trouble] grey
    [Take this board down] grey
    "#);
    let ended = Board { ended: Some(Done { by: olga(), at: at(2000) }), ..up };
    insta::assert_snapshot!(show(&said(&ended)), @r#"
    # 📋 The board of Production was here
    <@41> took it down <t:2000:R>.
    ~ ref ab12cd34
    "#);
}

#[test]
fn a_board_that_is_old_says_so() {
    let mut picture = some_fleet();
    picture.fleet.could_not_read(at(1005));
    picture.trouble = Some("It did not answer.".into());
    let text = show(&said(&board(&picture, "production")));
    assert!(text.contains("⚠️ Last seen <t:1000:R>: it cannot be read now"), "{text}");
    assert!(text.contains("Checked <t:1010:R>"), "{text}");
}

#[test]
fn boards_of_the_longest_names_and_the_most_bots_keep_the_limits() {
    let long = "*_~`|>@everyone ".repeat(20);
    let of = |n: u32| Connector {
        id: ConnectorId::new(format!("{n}")),
        bot: Bot { id: BotId::new(format!("{n}{long}")), name: long.clone() },
        ..connector("x", "x", &long)
    };
    let up = board(&picture((0..400).map(of).collect()), &long);
    let before = Refused::BoardBefore(Box::new(up.clone()));
    let bodies = [
        said(&up),
        board::up(&up).private_body(),
        board::down(&up).private_body(),
        board::refused(&before, Some("https://discord.com/channels/1/2/3"), UserId(1)).private_body(),
    ];
    for body in &bodies {
        check(body, &[]);
        mentions_nobody_else(body);
    }
    assert!(show(&bodies[0]).contains("more that stand no worse"), "{}", show(&bodies[0]));
}
