//! Discord in trouble, and kills around what is sent to it.

use crate::stage::{plays, plays_also_killed};

#[tokio::test]
async fn p1_p2_an_hour_without_discord_delays_what_is_said_and_loses_and_doubles_nothing() {
    plays_also_killed(
        "
        given Billing 2, Orders 2
        with REMIND_AFTER 10m

         1:00  Discord is down
         1:10  billing-1 drops
        10:10  orders-1 drops
        20:10  orders-1 recovers
        61:00  Discord is back
        # What is over wakes nobody, and of the reminders that nobody got, one is enough.
        61:00..62:30  + 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.  @On call
                      + ↳ Still so after 31 min: 1 of 2 healthy: no failover left.  @On call
                      + ✅ Resolved: Orders Bot in Production — 2 of 2 healthy, 2 wanted.
        70:00  over
        ",
    )
    .await;
}

#[tokio::test]
async fn p1_p2_a_storm_of_429s_is_obeyed_and_delays_only() {
    plays_also_killed(
        "
        given Billing 2, Orders 2

         1:00  Discord limits posts for 200s
         1:10  billing-1, orders-1 drop
         # It was asked to wait at 2:30.
         6:00  + 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.  @On call
               + 🟠 At risk: Orders Bot in Production — 1 of 2 healthy: no failover left.  @On call
         7:00  Discord limits edits for 200s
         7:10  billing-1, orders-1 recover
        11:00  ~ ✅ Resolved: Billing Bot in Production — 2 of 2 healthy, 2 wanted.
               ~ ✅ Resolved: Orders Bot in Production — 2 of 2 healthy, 2 wanted.
        15:00  Discord limits everything for 300s
        15:10  billing-1, billing-2 drop
        21:00  ~ 🔴 Outage: Billing Bot in Production — 0 of 2 healthy: nothing is left to take conversations.
               + ↳ It was resolved, and it is back: 0 of 2 healthy: nothing is left to take conversations.  @On call
        30:00  over
        ",
    )
    .await;
}

#[tokio::test]
async fn p1_p2_a_card_that_somebody_deletes_is_posted_anew_and_pings_nobody_again() {
    plays_also_killed(
        "
        given Billing 2

         1:10  billing-1 drops
         2:30  + 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.  @On call
         5:00  the card of Billing is deleted
         5:00  - 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.
         5:10  billing-1 recovers
         5:30  + 🔵 Recovering: Billing Bot in Production — 2 of 2 healthy, 2 wanted.
         6:30  ~ ✅ Resolved: Billing Bot in Production — 2 of 2 healthy, 2 wanted.
        20:00  = ✅ Resolved: Billing Bot in Production — 2 of 2 healthy, 2 wanted.
        20:00  over
        ",
    )
    .await;
}

#[tokio::test]
async fn p1_p2_a_kill_around_the_post_neither_loses_nor_doubles_it() {
    plays(
        "
        given Billing 2, Orders 2, Returns 2
        with ALERT_AFTER 0s, REMIND_AFTER 10m

         1:10  billing-1 drops
         1:20  Botswain is killed before it posts
         1:30  + 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.  @On call
         5:10  orders-1 drops
         5:20  Botswain is killed while it posts
         5:20  + 🟠 At risk: Orders Bot in Production — 1 of 2 healthy: no failover left.  @On call
         # Nobody knows whether what stands says what is known by now.
         5:30  ~ 🟠 At risk: Orders Bot in Production — 1 of 2 healthy: no failover left. (nothing new)
         8:10  returns-1 drops
         8:20  Botswain is killed while it posts
         8:20  + 🟠 At risk: Returns Bot in Production — 1 of 2 healthy: no failover left.  @On call
         8:20  Botswain is gone
        30:00  Botswain is back
        30:00  ~ 🟠 At risk: Returns Bot in Production — 1 of 2 healthy: no failover left. (nothing new)
        30:00  + ↳ Still so after 21 min 40 s: 1 of 2 healthy: no failover left.  @On call
               + ↳ Still so after 24 min 40 s: 1 of 2 healthy: no failover left.  @On call
               + ↳ Still so after 28 min 40 s: 1 of 2 healthy: no failover left.  @On call
        40:00  over
        ",
    )
    .await;
}

#[tokio::test]
async fn p1_p2_a_post_that_is_lost_on_the_way_there_or_back_stands_once() {
    plays(
        "
        given Billing 2, Orders 2
        with ALERT_AFTER 0s

         1:05  Discord takes the next post without an answer
         1:10  billing-1 drops
         1:30  + 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left.  @On call
         # What it says may be older than what is known by now.
         1:30..2:30  ~ 🟠 At risk: Billing Bot in Production — 1 of 2 healthy: no failover left. (nothing new)
         5:05  Discord loses the next post
         5:10  orders-1 drops
         5:30..6:30  + 🟠 At risk: Orders Bot in Production — 1 of 2 healthy: no failover left.  @On call
        20:00  over
        ",
    )
    .await;
}
