//! Many bots, and being blind.

use crate::stage::{plays, plays_also_killed};

#[tokio::test]
async fn p2_a_storm_is_one_card_that_pings_once_and_what_outlasts_it_gets_its_own() {
    plays_also_killed(
        "
        given Billing 2, Orders 2, Returns 2, Survey 2, Greeter 2, Claims 2, Delivery 2
        with STORM_BOTS 5

         1:10  billing-1, orders-1, returns-1, survey-1, greeter-1 drop
         2:30  + 🌩️ Storm over most of the fleet: 5 of 7 bots failed at once — 5 of 7 bots in Production.  @On call
        10:10  orders-1, returns-1, survey-1, greeter-1 recover
        10:30  ~ 🔵 The storm calms down — 1 of 7 bots in Production.
        11:30  ~ ✅ The storm is over: 5 bots had failed at once — At its worst 5 bots were broken. What was still broken at its end has a card of its own.
               + 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.  @On call
        30:00  = ✅ The storm is over: 5 bots had failed at once — At its worst 5 bots were broken. What was still broken at its end has a card of its own.
               = 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.
        30:00  over
        ",
    )
    .await;
}

#[tokio::test]
async fn p2_bots_that_never_were_redundant_are_one_notice_that_pings_nobody() {
    plays_also_killed(
        "
        given FAQ 1, Hours 1, Billing 2

         1:00  + 🟡 Never redundant: bots in Production — 2 bots never had as many healthy connectors as are wanted: one failure, and nothing is left.
        10:10  faq-1 drops
        10:50  + 🔴 Outage: FAQ Bot in Production — 0 of 1 healthy: nothing is left to take conversations.  @On call
               ~ 🟡 Never redundant: bots in Production — 1 bot never had as many healthy connectors as are wanted: one failure, and nothing is left.
        20:10  faq-1 recovers
        20:30  ~ 🔵 Recovering: FAQ Bot in Production — 1 of 1 healthy: it never had the 2 that are wanted.
        21:30  ~ ✅ Resolved: FAQ Bot in Production — 1 of 1 healthy: it never had the 2 that are wanted.
               ~ 🟡 Never redundant: bots in Production — 2 bots never had as many healthy connectors as are wanted: one failure, and nothing is left.
        30:00  over
        ",
    )
    .await;
}

#[tokio::test]
async fn p5_being_blind_is_an_incident_of_its_own_and_never_an_outage() {
    plays(
        "
        given Billing 2, FAQ 1

         1:00  + 🟡 Never redundant: bots in Production — 1 bot never had as many healthy connectors as are wanted: one failure, and nothing is left.
         5:10  the service fails
         7:00  + 🙈 Blind: the lifecycle service cannot be read — Nothing of the fleet can be read: an outage now could go unseen. It began at 5:30. It was last seen whole at 5:00.  @On call
        15:10  the service answers again
        15:30  ~ 🔵 Recovering: the fleet is read again — All of it is read again, and what happened meanwhile is judged.
        16:30  ~ ✅ The fleet can be seen again — All of it is read again.
        30:00  over
        ",
    )
    .await;
}

#[tokio::test]
async fn p5_an_incident_that_cannot_be_seen_any_more_stays_open_until_it_is_seen_to_be_over() {
    plays(
        "
        given Billing 2

         1:10  billing-1 drops
         2:30  + 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.  @On call
         5:10  the service fails
         7:00  + 🙈 Blind: the lifecycle service cannot be read — Nothing of the fleet can be read: an outage now could go unseen. It began at 5:30. It was last seen whole at 5:00.  @On call
               ~ ❔ Unknown: Billing Bot in Production — Between 0 and 2 of 2 healthy: 2 records could not be read.
         7:10  billing-1 recovers
        15:10  the service answers again
        15:30  ~ 🔵 Recovering: Billing Bot in Production — 2 of 2 healthy, 2 wanted.
               ~ 🔵 Recovering: the fleet is read again — All of it is read again, and what happened meanwhile is judged.
        16:30  ~ ✅ Resolved: Billing Bot in Production — 2 of 2 healthy, 2 wanted.
               ~ ✅ The fleet can be seen again — All of it is read again.
        30:00  over
        ",
    )
    .await;
}

#[tokio::test]
async fn p5_a_record_that_cannot_be_read_alerts_only_if_even_the_best_case_is_too_few() {
    plays(
        "
        given Billing 2, Orders 3

         1:10  the service garbles billing-1
         2:10  the service answers again
         # Of three there is one left in the best case.
         3:10  the service garbles orders-1
         4:10  orders-2, orders-3 drop
         5:30  + 🟠 At risk: Orders Bot in Production — Between 0 and 1 of 3 healthy: 1 record could not be read.  @On call
         5:40  the service answers again
         6:00  ~ 🟠 At risk: Orders Bot in Production — 1 of 3 healthy: no failover left.
        20:10  orders-2, orders-3 recover
        20:30  ~ 🔵 Recovering: Orders Bot in Production — 3 of 3 healthy, 2 wanted.
        21:30  ~ ✅ Resolved: Orders Bot in Production — 3 of 3 healthy, 2 wanted.
        40:00  over
        ",
    )
    .await;
}

#[tokio::test]
async fn p5_a_record_of_nobody_knows_which_bot_counts_for_the_best_case() {
    // After a start nothing is known of whose it is.
    plays(
        "
        given Orders 3

         3:10  the service garbles orders-1
         4:10  orders-2, orders-3 drop
         4:20  Botswain is killed
         5:30  + 🟠 At risk: Orders Bot in Production — 0 of 2 seen healthy, and what the rest are cannot be told.  @On call
         5:40  the service answers again
         6:00  ~ 🟠 At risk: Orders Bot in Production — 1 of 3 healthy: no failover left.
        20:00  over
        ",
    )
    .await;
}

#[tokio::test]
async fn p5_p6_killed_while_blind_it_goes_on_with_what_is_open_and_pings_nobody_again() {
    plays(
        "
        given Billing 2

         1:10  billing-1 drops
         2:30  + 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.  @On call
         5:10  the service fails
         7:00  + 🙈 Blind: the lifecycle service cannot be read — Nothing of the fleet can be read: an outage now could go unseen. It began at 5:30. It was last seen whole at 5:00.  @On call
               ~ ❔ Unknown: Billing Bot in Production — Between 0 and 2 of 2 healthy: 2 records could not be read.
        10:10  Botswain is killed
        12:10  Botswain is killed
        15:10  the service answers again
        15:30  ~ 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.
               ~ 🔵 Recovering: the fleet is read again — All of it is read again, and what happened meanwhile is judged.
        16:30  ~ ✅ The fleet can be seen again — All of it is read again.
        30:00  over
        ",
    )
    .await;
}

#[tokio::test]
async fn what_is_done_about_a_storm_is_told_in_its_thread_with_the_bots_name() {
    plays(
        "
        given Billing 2, Orders 2, Returns 2
        with STORM_BOTS 3

         1:10  billing-1, orders-1, returns-1 are stopped elsewhere
         2:30  + 🌩️ Storm over most of the fleet: 3 of 3 bots failed at once — 3 of 3 bots in Production.  @On call
               > at 2:30 🌩️ **Opened**: 3 of 3 bots broken. Those who are on call were called.
         5:10  Olga starts billing-1
         5:30  > at 5:10 🛠️ Olga began to start billing-1 of Billing Bot.
         6:00  > at 6:00 🛠️ What Olga began, to start billing-1 of Billing Bot, is done. at 6:00 📈 **Better**: 2 of 3 bots broken.
               ~ 🌩️ Storm over most of the fleet: 2 of 3 bots failed at once — 2 of 3 bots in Production.
        20:00  over
        ",
    )
    .await;
}
