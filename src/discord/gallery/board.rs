//! The gallery's boards: how an environment stands on one message, of a few bots and of many, fresh and old.

use super::Exhibit;
use super::sample::{HOUR, MINUTE, Sample, demo, production};
use crate::discord::render::board as said;
use crate::domain::attention::Done;
use crate::domain::board::{Board, Shown};
use crate::domain::connector::Environment;
use crate::domain::ids::Id;
use crate::domain::notice::Notice;
use crate::domain::policy::Picture;
use crate::domain::setup::Permission;
use crate::incidents::Refused;

impl Sample<'_> {
    fn board(&self, environment: Environment, picture: &Picture) -> Board {
        let poll = std::time::Duration::from_secs(15);
        let shown = Shown::of(picture, &self.policy(), &environment, poll, self.ago(4));
        Board {
            id: Id::random(),
            environment,
            channel: self.cast.channel,
            by: self.cast.olga.clone(),
            at: self.ago(52 * HOUR),
            shown: Some(shown),
            ended: None,
        }
    }
}

/// Boards.
pub(super) fn boards(of: &Sample<'_>) -> Vec<Exhibit> {
    let picture = of.picture();
    let mut blind = picture.clone();
    blind.fleet.could_not_read(of.ago(MINUTE));
    blind.trouble = Some("The lifecycle service did not answer in time.".to_owned());
    let many = (1..=300).map(|n| of.healthy(&format!("fleet-{n:03}-1"), &format!("Fleet {n:03} Bot"), 20));
    let many = of.picture_of(of.fleet().into_iter().chain(many).collect());
    let board = of.board(production(), &picture);
    let ended = Board { ended: Some(Done { by: of.cast.otto.clone(), at: of.ago(MINUTE) }), ..board.clone() };
    let public = |name: &str, board: Board| Exhibit::public(name, of.said(&Notice::Board { board }));
    let link = format!("https://discord.com/channels/{}/{}/1", of.cast.guild, of.cast.channel);
    let before = Refused::BoardBefore(Box::new(board.clone()));
    let cannot_post = Refused::CannotPost { lacks: vec![Permission::SendMessages, Permission::EmbedLinks] };
    vec![
        public("A board", board.clone()),
        public("Of an environment where nothing is asked", of.board(demo(), &picture)),
        public("Of hundreds of bots", of.board(production(), &many)),
        public("When the fleet cannot be read", of.board(production(), &blind)),
        public("Before the fleet was read", Board { shown: None, ..board.clone() }),
        public("Taken down", ended.clone()),
        Exhibit::private("It is up", &said::up(&board)),
        Exhibit::private("It is down", &said::down(&ended)),
        Exhibit::private("One stands here already", &said::refused(&before, Some(&link), of.cast.otto.id)),
        Exhibit::private("One is on its way here", &said::refused(&before, None, of.cast.otto.id)),
        Exhibit::private("It was taken down before", &said::refused(&Refused::BoardOver, None, of.cast.otto.id)),
        Exhibit::private("It may not post here", &said::refused(&cannot_post, None, of.cast.otto.id)),
    ]
}
