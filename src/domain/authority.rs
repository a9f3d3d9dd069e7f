//! Who may act: judged from role ids at every click, never remembered.

pub mod grants;

use serde::{Deserialize, Serialize};

pub use self::grants::{Authority, Grants, OwnGrants, Right};
use super::connector::Environment;
use super::ids::{BotId, RoleId, UserId};

/// A member of the guild as Discord described them with this very interaction (or answered just now).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who it is.
    pub id: UserId,
    /// Their name, for the record; from outside, so to be escaped on screen.
    pub name: String,
    /// Their roles.
    pub roles: Vec<RoleId>,
    /// Whether they hold Manage Server (or Administrator, or own the guild); `None` when Discord did not say.
    pub manages_guild: Option<bool>,
}

/// A person by id and name, as the record keeps them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Who it is.
    pub id: UserId,
    /// Their name when they acted.
    pub name: String,
}

impl From<&Member> for Person {
    fn from(member: &Member) -> Self {
        Self { id: member.id, name: member.name.clone() }
    }
}

/// Where somebody wants to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At<'a> {
    /// The environment.
    pub environment: &'a Environment,
    /// The bot; `None` is the environment as such.
    pub bot: Option<&'a BotId>,
}

impl<'a> At<'a> {
    /// A bot in an environment.
    pub fn bot(environment: &'a Environment, bot: &'a BotId) -> Self {
        Self { environment, bot: Some(bot) }
    }

    /// An environment as such.
    pub fn environment(environment: &'a Environment) -> Self {
        Self { environment, bot: None }
    }
}

/// What one member may do, from what Discord says of them just now: for what is offered. What is done is judged anew.
#[derive(Clone, Copy, Debug)]
pub struct Rights<'a> {
    /// Who may do what.
    pub authority: &'a Authority,
    /// The member.
    pub member: &'a Member,
}

impl Rights<'_> {
    /// Judges whether they have a right there; where no bot is named, over anything there.
    ///
    /// # Errors
    /// Why not.
    pub fn judge(&self, right: Right, at: At<'_>) -> Result<(), Denied> {
        match at.bot {
            Some(_) => self.authority.judge(self.member, right, [at]),
            None => self.authority.judge_some_of(self.member, right, at.environment),
        }
    }

    /// Whether they have a right there; where no bot is named, over anything there.
    pub fn has(&self, right: Right, at: At<'_>) -> bool {
        self.judge(right, at).is_ok()
    }

    /// Whether they have a right over an environment and every bot there.
    pub fn has_over_all(&self, right: Right, environment: &Environment) -> bool {
        self.authority.judge_all_of(self.member, right, environment).is_ok()
    }
}

/// Why somebody may not act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum Denied {
    /// None of their roles has the right there.
    NeedsRole {
        /// To what.
        right: Right,
        /// Where.
        environment: Environment,
        /// Whether that is said of the bot alone, and not of all the environment.
        of_bot: bool,
        /// The roles that may.
        roles: Vec<RoleId>,
    },
    /// No roles are configured, and they do not manage the server.
    NeedsManageServer {
        /// To what.
        right: Right,
        /// Where.
        environment: Environment,
    },
    /// No role has the right there, which nobody has but by name.
    Nobody {
        /// To what.
        right: Right,
        /// Where.
        environment: Environment,
    },
    /// Discord did not say enough to tell. That is a "no", said as such.
    CannotTell,
}

impl Authority {
    /// Judges whether `member` has a right in all of `places` (a redeploy has two: source and target).
    ///
    /// # Errors
    /// Why not: the first place where they have not.
    pub fn judge<'a>(
        &self,
        member: &Member,
        right: Right,
        places: impl IntoIterator<Item = At<'a>>,
    ) -> Result<(), Denied> {
        places.into_iter().try_for_each(|at| self.judge_one(member, right, at))
    }

    /// Judges whether `member` has a right in an environment and over every bot there, for what reaches all of it.
    ///
    /// # Errors
    /// Why not: the first that they have no right over.
    pub fn judge_all_of(&self, member: &Member, right: Right, environment: &Environment) -> Result<(), Denied> {
        self.judge(member, right, self.ruled_in(environment))
    }

    /// Judges whether `member` has a right over anything in an environment, while it is not known yet over what.
    ///
    /// # Errors
    /// Why not in the environment as such.
    pub fn judge_some_of(&self, member: &Member, right: Right, environment: &Environment) -> Result<(), Denied> {
        self.first_of(self.ruled_in(environment).map(|at| self.judge_one(member, right, at)))
    }

    /// Judges whether `member` has a right in at least one of `environments`, for what is about none of them alone.
    ///
    /// # Errors
    /// Why not: the first environment where they have not. If there is none, nobody can tell.
    pub fn judge_any<'a>(
        &self,
        member: &Member,
        right: Right,
        environments: impl IntoIterator<Item = &'a Environment>,
    ) -> Result<(), Denied> {
        let places = environments.into_iter().map(At::environment);
        self.first_of(places.map(|at| self.judge_one(member, right, at)))
    }

    /// By which of their roles `member` has a right in `places`; none of them, where that is by managing the server.
    pub fn by_which<'a>(&self, member: &Member, right: Right, places: impl IntoIterator<Item = At<'a>>) -> Vec<RoleId> {
        let mut roles: Vec<_> = places.into_iter().flat_map(|at| self.rule(right, at).roles).copied().collect();
        roles.retain(|role| member.roles.contains(role));
        roles.sort();
        roles.dedup();
        roles
    }

    /// The first "yes", or else the first "no".
    fn first_of(&self, judged: impl Iterator<Item = Result<(), Denied>>) -> Result<(), Denied> {
        let mut denied = None;
        for judged in judged {
            match judged {
                Ok(()) => return Ok(()),
                Err(why) => denied = denied.or(Some(why)),
            }
        }
        Err(denied.unwrap_or(Denied::CannotTell))
    }

    fn judge_one(&self, member: &Member, right: Right, at: At<'_>) -> Result<(), Denied> {
        let rule = self.rule(right, at);
        let environment = || at.environment.clone();
        if rule.roles.is_empty() && right.is_by_name_only() {
            return Err(Denied::Nobody { right, environment: environment() });
        }
        if rule.roles.is_empty() {
            return match member.manages_guild {
                Some(true) => Ok(()),
                Some(false) => Err(Denied::NeedsManageServer { right, environment: environment() }),
                None => Err(Denied::CannotTell),
            };
        }
        if member.roles.iter().any(|role| rule.roles.contains(role)) {
            return Ok(());
        }
        let of_bot = rule.from == grants::Said::OfBot;
        Err(Denied::NeedsRole { right, environment: environment(), of_bot, roles: rule.roles.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::action::Verb;
    use super::*;

    const STOP: Right = Right::Change(Verb::Stop);

    fn member(roles: &[u64], manages_guild: Option<bool>) -> Member {
        Member {
            id: UserId(1),
            name: "Olga".into(),
            roles: roles.iter().map(|id| RoleId(*id)).collect(),
            manages_guild,
        }
    }

    fn demo_and_production() -> (Environment, Environment) {
        (Environment::new("demo"), Environment::new("production"))
    }

    /// 7 may act anywhere but in Production, where 9 may.
    fn authority() -> Authority {
        let production = OwnGrants { all: Grants::to(&[RoleId(9)]), bots: BTreeMap::new() };
        let places = BTreeMap::from([(Environment::new("production"), production)]);
        Authority { everywhere: Grants::to(&[RoleId(7)]), places }
    }

    #[test]
    fn p4_roles_decide_and_managing_the_server_does_not_help_where_roles_are_configured() {
        let authority = Authority { everywhere: Grants::to(&[RoleId(7)]), ..Authority::default() };
        let production = Environment::new("production");
        let at = [At::environment(&production)];
        assert_eq!(authority.judge(&member(&[3, 7], Some(false)), STOP, at), Ok(()));
        let roles = vec![RoleId(7)];
        let denied = Denied::NeedsRole { right: STOP, environment: production.clone(), of_bot: false, roles };
        assert_eq!(authority.judge(&member(&[3], Some(true)), STOP, at), Err(denied));
    }

    #[test]
    fn p4_without_roles_only_who_manages_the_server_may_and_unknown_is_no() {
        let authority = Authority::default();
        let production = Environment::new("production");
        let judge = |roles, manages| authority.judge(&member(roles, manages), STOP, [At::environment(&production)]);
        assert_eq!(judge(&[], Some(true)), Ok(()));
        assert!(matches!(judge(&[3], Some(false)), Err(Denied::NeedsManageServer { .. })));
        assert_eq!(judge(&[3], None), Err(Denied::CannotTell));
    }

    #[test]
    fn p4_what_is_about_every_environment_is_for_those_who_may_act_in_one_and_about_none_for_nobody() {
        let (demo, production) = demo_and_production();
        let judge = |roles, manages| authority().judge_any(&member(roles, manages), STOP, [&demo, &production]);
        assert_eq!(judge(&[9], None), Ok(()));
        assert!(judge(&[8], None).is_err());
        assert_eq!(authority().judge_any(&member(&[7, 9], Some(true)), STOP, []), Err(Denied::CannotTell));
    }

    #[test]
    fn p4_who_manages_the_server_does_without_the_second_person_no_more_than_anybody_else() {
        let production = Environment::new("production");
        let judge = |authority: &Authority, roles| {
            let admin = member(roles, Some(true));
            authority.judge(&admin, Right::BreakGlass, [At::environment(&production)])
        };
        let nobody = Err(Denied::Nobody { right: Right::BreakGlass, environment: production.clone() });
        assert_eq!(judge(&Authority::default(), &[]), nobody);
        assert_eq!(judge(&authority(), &[7, 9]), nobody, "every right is not this one");
        let mut authority = authority();
        authority.everywhere.by_right.insert(Right::BreakGlass, vec![RoleId(5)]);
        assert_eq!(judge(&authority, &[5]), Ok(()));
        assert!(matches!(judge(&authority, &[9]), Err(Denied::NeedsRole { .. })));
    }

    #[test]
    fn p4_a_redeploy_is_judged_in_source_and_target() {
        let (demo, production) = demo_and_production();
        let places = [At::environment(&demo), At::environment(&production)];
        let judge = |roles| authority().judge(&member(roles, None), Right::Change(Verb::Redeploy), places);
        assert_eq!(judge(&[7, 9]), Ok(()));
        assert!(judge(&[7]).is_err());
        assert!(judge(&[9]).is_err());
    }

    #[test]
    fn p4_what_reaches_all_of_an_environment_needs_the_right_over_each_bot_and_what_is_not_narrowed_yet_over_one() {
        let (_, production) = demo_and_production();
        let billing = BotId::new("billing");
        let mut authority = authority();
        let own = authority.places.get_mut(&production).unwrap();
        own.bots.insert(billing.clone(), Grants::to(&[RoleId(5)]));
        let all = |roles| authority.judge_all_of(&member(roles, None), Right::Mute, &production);
        assert_eq!((all(&[9, 5]), all(&[9]).is_ok(), all(&[5]).is_ok()), (Ok(()), false, false));
        let some = |roles| authority.judge_some_of(&member(roles, None), STOP, &production);
        assert_eq!((some(&[9]), some(&[5]), some(&[7]).is_ok()), (Ok(()), Ok(()), false));
        let one = |roles| authority.judge(&member(roles, None), STOP, [At::bot(&production, &billing)]);
        assert_eq!((one(&[5]), one(&[9]).is_ok()), (Ok(()), false));
    }
}
