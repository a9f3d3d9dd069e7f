//! One bot: what it loses, how that is said, and what people do about it.

use crate::stage::{Kills, play, plays, plays_also_killed};

#[tokio::test]
async fn p1_p2_a_single_loss_is_one_card_that_pings_once_and_recovers_in_silence() {
    plays_also_killed(
        "
        given Billing 2, Orders 3

         1:10  billing-1 drops
         2:30  + 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.  @On call
        10:10  billing-1 recovers
        10:30  ~ 🔵 Recovering: Billing Bot in Production — 2 of 2 healthy, 2 wanted.
        11:30  ~ ✅ Resolved: Billing Bot in Production — 2 of 2 healthy, 2 wanted.
        90:00  = ✅ Resolved: Billing Bot in Production — 2 of 2 healthy, 2 wanted.
        90:00  over
        ",
    )
    .await;
}

#[tokio::test]
async fn a_blip_is_said_nowhere() {
    plays_also_killed(
        "
        given Billing 2

         1:10  billing-1 drops
         1:50  billing-1 recovers
        90:00  over
        ",
    )
    .await;
}

#[tokio::test]
async fn p1_p2_an_outage_is_said_sooner_and_what_gets_worse_is_one_reply() {
    plays_also_killed(
        "
        given Billing 2

         1:10  billing-1, billing-2 drop
         1:50  + 🔴 Outage: Billing Bot in Production — 0 of 2 healthy: nothing is left to take conversations.  @On call
         5:10  billing-2 recovers
         5:30  ~ 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.
         8:10  billing-2 drops
         8:30  ~ 🔴 Outage: Billing Bot in Production — 0 of 2 healthy: nothing is left to take conversations.
        # That it is out was said already.
        20:00  over
        ",
    )
    .await;
    plays_also_killed(
        "
        given Billing 2

         1:10  billing-1 drops
         2:30  + 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.  @On call
         5:10  billing-2 drops
         5:30  ~ 🔴 Outage: Billing Bot in Production — 0 of 2 healthy: nothing is left to take conversations.
         5:50  + ↳ It got worse: 0 of 2 healthy: nothing is left to take conversations.  @On call
        20:00  over
        ",
    )
    .await;
}

#[tokio::test]
async fn p1_p2_what_stands_is_said_again_once_per_step_to_the_roles_of_that_step() {
    plays_also_killed(
        "
        given Billing 2
        with REMIND_AFTER 10m, ESCALATE_AFTER 15m

         1:10  billing-1 drops
         2:30  + 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.  @On call
        12:30  + ↳ Still so after 11 min: 1 of 2 healthy: no failover left.  @On call
        17:30  + ↳ Nobody has acknowledged it, and it is still so after 16 min: 1 of 2 healthy: no failover left.  @Leads
               ~ 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.
        # Each pause is twice as long as the one before.
        32:30  + ↳ Still so after 31 min: 1 of 2 healthy: no failover left.  @On call
        70:00  over
        ",
    )
    .await;
}

#[tokio::test]
async fn what_somebody_has_is_not_escalated_and_what_somebody_snoozed_is_said_when_that_ends() {
    plays_also_killed(
        "
        given Billing 2
        with REMIND_AFTER 10m, ESCALATE_AFTER 15m

         1:10  billing-1 drops
         2:30  + 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.  @On call
         5:10  Olga acknowledges Billing
         5:30  ~ 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.
         6:10  Olga snoozes Billing for 1h
         6:30  ~ 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.
        66:30  ~ 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.
               + ↳ The snooze by Olga is over, and it is still so after 1 h 5 min: 1 of 2 healthy: no failover left.  @On call
        76:30  + ↳ Still so after 1 h 15 min: 1 of 2 healthy: no failover left.  @On call
        80:00  over
        ",
    )
    .await;
}

#[tokio::test]
async fn p2_a_flapping_connector_is_one_card_that_counts_and_pings_once() {
    plays_also_killed(
        "
        given Billing 2

         1:10  billing-1 drops
         2:30  + 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.  @On call
         4:10  billing-1 recovers
         4:30  ~ 🔵 Recovering: Billing Bot in Production — 2 of 2 healthy, 2 wanted.
         4:50  billing-1 drops
         5:00  ~ 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.
         5:10  billing-1 recovers
         5:30  ~ 🔵 Recovering: Billing Bot in Production — 2 of 2 healthy, 2 wanted.
         5:50  billing-1 drops
         6:00  ~ 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.
         6:10  billing-1 recovers
         6:30  ~ 🔵 Recovering: Billing Bot in Production — 2 of 2 healthy, 2 wanted.
         7:30  ~ ✅ Resolved: Billing Bot in Production — 2 of 2 healthy, 2 wanted.
        20:00  over
        ",
    )
    .await;
}

#[tokio::test]
async fn p2_what_comes_back_soon_is_the_same_card_and_later_another_one() {
    plays_also_killed(
        "
        given Billing 2

         1:10  billing-1 drops
         2:30  + 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.  @On call
         4:10  billing-1 recovers
         4:30  ~ 🔵 Recovering: Billing Bot in Production — 2 of 2 healthy, 2 wanted.
         5:30  ~ ✅ Resolved: Billing Bot in Production — 2 of 2 healthy, 2 wanted.
         8:10  billing-1 drops
         9:30  ~ 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.
               + ↳ It was resolved, and it is back: 1 of 2 healthy: no failover left.  @On call
        14:10  billing-1 recovers
        14:30  ~ 🔵 Recovering: Billing Bot in Production — 2 of 2 healthy, 2 wanted.
        15:30  ~ ✅ Resolved: Billing Bot in Production — 2 of 2 healthy, 2 wanted.
        60:10  billing-1 drops
        61:30  + 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.  @On call
        64:00  = ✅ Resolved: Billing Bot in Production — 2 of 2 healthy, 2 wanted.
               = ↳ It was resolved, and it is back: 1 of 2 healthy: no failover left.
               = 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.
        64:00  over
        ",
    )
    .await;
}

#[tokio::test]
async fn p7_what_an_operator_stops_pings_nobody_and_is_named_and_reminded_of() {
    plays_also_killed(
        "
        given Billing 2
        with ESCALATE_AFTER 15m

         1:10  Olga stops billing-1
         3:00  + 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.
        33:00  + ↳ Still so after 31 min: 1 of 2 healthy: no failover left.  @On call
        40:10  Olga starts billing-1
        40:30  ~ 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.
        41:00  ~ 🔵 Recovering: Billing Bot in Production — 2 of 2 healthy, 2 wanted.
        42:00  ~ ✅ Resolved: Billing Bot in Production — 2 of 2 healthy, 2 wanted.
        60:00  over
        ",
    )
    .await;
}

#[tokio::test]
async fn p7_an_operation_that_overruns_pings() {
    plays(
        "
        given Billing 2

         1:10  Olga begins to stop billing-1
         2:30  + 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.
         # Three minutes are what it may take.
         4:10  ~ 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.
         5:10  + ↳ It got worse: 1 of 2 healthy: no failover left.  @On call
        12:00  over
        ",
    )
    .await;
    plays_also_killed(
        "
        given Billing 2

         1:10  Olga stops billing-1
         3:00  + 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.
        10:10  billing-1 never comes up
        10:40  Olga starts billing-1
        11:00  ~ 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.
        11:30  ~ 🔵 Starting: Billing Bot in Production — 1 of 2 healthy, one is starting.
        14:00  ~ 🔵 Starting: Billing Bot in Production — 1 of 2 healthy, one is starting.
        16:30  ~ 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.
        17:30  + ↳ It got worse: 1 of 2 healthy: no failover left.  @On call
        40:00  over
        ",
    )
    .await;
}

#[tokio::test]
async fn p7_what_falls_beside_an_announced_stop_pings() {
    plays_also_killed(
        "
        given Billing 3

         1:10  Olga stops billing-1
         5:10  billing-2 drops
         6:30  + 🟠 At risk: Billing Bot in Production — 1 of 3 healthy: no failover left.  @On call
        12:00  over
        ",
    )
    .await;
}

#[tokio::test]
async fn p5_gone_takes_two_complete_polls() {
    plays(
        "
        given Billing 2
        with ALERT_AFTER 0s

         1:10  billing-1 vanishes
         2:00  + 🟠 At risk: Billing Bot in Production — 1 of 1 healthy: no failover left.  @On call
         9:10  billing-1 returns
         9:30  ~ 🔵 Recovering: Billing Bot in Production — 2 of 2 healthy, 2 wanted.
        10:30  ~ ✅ Resolved: Billing Bot in Production — 2 of 2 healthy, 2 wanted.
        20:00  over
        ",
    )
    .await;
}

#[tokio::test]
async fn a_push_makes_it_sooner_and_the_poll_finds_what_a_push_lost() {
    plays(
        "
        given Billing 2, Orders 2
        with ALERT_AFTER 0s

         0:40  pushes come
         1:10  billing-1 drops
         1:10  + 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.  @On call
         5:00  pushes are lost
         5:10  orders-1 drops
         5:30  + 🟠 At risk: Orders Bot in Production — 1 of 2 healthy: no failover left.  @On call
        20:00  over
        ",
    )
    .await;
}

#[tokio::test]
async fn p1_p2_killed_at_every_step_nothing_is_lost_and_nothing_doubled() {
    // Without waiting for what lasts: of a time when nobody looked nothing is known.
    play(
        "
        given Billing 2, FAQ 1
        with RECOVER_AFTER 0s, REMIND_AFTER 10m, ESCALATE_AFTER 15m

         1:00  + 🟡 Never redundant: bots in Production — 1 bot never had as many healthy connectors as are wanted: one failure, and nothing is left.
         1:10  billing-1 drops
         2:30  + 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.  @On call
         5:10  billing-2 drops
         5:30  ~ 🔴 Outage: Billing Bot in Production — 0 of 2 healthy: nothing is left to take conversations.
         5:50  + ↳ It got worse: 0 of 2 healthy: nothing is left to take conversations.  @On call
        16:00  + ↳ Still so after 14 min 30 s: 0 of 2 healthy: nothing is left to take conversations.  @On call
        20:10  billing-1, billing-2 recover
        20:30  ~ ✅ Resolved: Billing Bot in Production — 2 of 2 healthy, 2 wanted.
        30:10  faq-1 drops
        30:50  + 🔴 Outage: FAQ Bot in Production — 0 of 1 healthy: nothing is left to take conversations.  @On call
        30:50  ~ ✅ Never redundant: no bot in Production is left on the list — Every bot here has had the healthy connectors that are wanted, or has an alert of its own.
        40:00  over
        ",
        Kills::AtEachStep,
    )
    .await;
}

#[tokio::test]
async fn what_happens_to_an_incident_is_told_once_and_in_order_in_the_thread_of_its_card() {
    plays_also_killed(
        "
        given Billing 2
        with REMIND_AFTER 10m, ESCALATE_AFTER 15m

         1:10  billing-1 drops
         2:30  + 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.  @On call
               > at 2:30 🟠 **Opened**: 1 of 2 healthy: no failover left. Those who are on call were called.
         5:10  Olga acknowledges Billing
         5:30  ~ 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.
               > at 5:10 🙋 **Acknowledged** by Olga.
        15:30  + ↳ Still so after 14 min: 1 of 2 healthy: no failover left.  @On call
               > at 15:30 🔁 **Reminded**: it still stands.
        20:10  Olga gives back Billing
        20:30  ~ 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.
               > at 20:10 🙌 **Given back** by Olga: nobody has it.
        25:10  billing-1 recovers
        25:30  ~ 🔵 Recovering: Billing Bot in Production — 2 of 2 healthy, 2 wanted.
               > at 25:30 🔵 **Looks well**: 2 of 2 healthy, 2 wanted. It is resolved once that lasts.
        26:30  ~ ✅ Resolved: Billing Bot in Production — 2 of 2 healthy, 2 wanted.
               > at 26:30 ✅ **Resolved** after 24 min. What ended it: Recovered by the system, not through Botswain.
        40:00  over
        ",
    )
    .await;
}

#[tokio::test]
async fn an_operation_that_is_carried_on_after_its_incident_is_over_is_told_to_its_end() {
    plays(
        "
        given Billing 3

         1:10  billing-1, billing-2 drop
         2:30  + 🟠 At risk: Billing Bot in Production — 1 of 3 healthy: no failover left.  @On call
               > at 2:30 🟠 **Opened**: 1 of 3 healthy: no failover left. Those who are on call were called.
         5:10  Olga begins to stop billing-3
         5:20  billing-1, billing-2 recover
         5:30  ~ 🔵 Recovering: Billing Bot in Production — 2 of 3 healthy, 2 wanted.
               > at 5:10 🛠️ Olga began to stop billing-3. at 5:30 🔵 **Looks well**: 2 of 3 healthy, 2 wanted. It is resolved once that lasts.
         6:30  ~ ✅ Resolved: Billing Bot in Production — 2 of 3 healthy, 2 wanted.
               > at 6:30 ✅ **Resolved** after 4 min. What ended it: Recovered by the system, not through Botswain.
         6:40  Olga's operation goes on
         7:00  > at 7:00 🛠️ What Olga began, to stop billing-3, is done.
        12:00  over
        ",
    )
    .await;
}
