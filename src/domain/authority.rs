//! Who may act: judged from role ids at every click, never remembered.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::connector::Environment;
use super::ids::{RoleId, UserId};

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

/// Who may change something, for each environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authority {
    /// Roles that may act where an environment names none of its own. Empty: members with Manage Server.
    pub operators: Vec<RoleId>,
    /// Environments with roles of their own.
    pub by_environment: BTreeMap<Environment, Vec<RoleId>>,
}

/// Why somebody may not act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum Denied {
    /// None of their roles may act in this environment.
    NeedsRole {
        /// Where.
        environment: Environment,
        /// The roles that may.
        roles: Vec<RoleId>,
    },
    /// No roles are configured, and they do not manage the server.
    NeedsManageServer {
        /// Where.
        environment: Environment,
    },
    /// Discord did not say enough to tell. That is a "no", said as such.
    CannotTell,
}

impl Authority {
    /// Judges whether `member` may change something in all of `environments` (a redeploy has two: source and target).
    ///
    /// # Errors
    /// Why not: the first environment where they may not.
    pub fn judge<'a>(
        &self,
        member: &Member,
        environments: impl IntoIterator<Item = &'a Environment>,
    ) -> Result<(), Denied> {
        environments.into_iter().try_for_each(|environment| self.judge_one(member, environment))
    }

    /// Judges whether `member` may change something in at least one of `environments`, for what is about none of them alone.
    ///
    /// # Errors
    /// Why not: the first environment where they may not. If there is none, nobody can tell.
    pub fn judge_any<'a>(
        &self,
        member: &Member,
        environments: impl IntoIterator<Item = &'a Environment>,
    ) -> Result<(), Denied> {
        let mut denied = None;
        for environment in environments {
            match self.judge_one(member, environment) {
                Ok(()) => return Ok(()),
                Err(why) => denied = denied.or(Some(why)),
            }
        }
        Err(denied.unwrap_or(Denied::CannotTell))
    }

    /// By which of their roles `member` may act in `environments`; none of them, where that is by managing the server.
    pub fn by_which<'a>(
        &self,
        member: &Member,
        environments: impl IntoIterator<Item = &'a Environment>,
    ) -> Vec<RoleId> {
        let here = |environment| self.by_environment.get(environment).unwrap_or(&self.operators);
        let mut roles: Vec<_> = environments.into_iter().flat_map(here).copied().collect();
        roles.retain(|role| member.roles.contains(role));
        roles.sort();
        roles.dedup();
        roles
    }

    fn judge_one(&self, member: &Member, environment: &Environment) -> Result<(), Denied> {
        let roles = self.by_environment.get(environment).unwrap_or(&self.operators);
        if roles.is_empty() {
            return match member.manages_guild {
                Some(true) => Ok(()),
                Some(false) => Err(Denied::NeedsManageServer { environment: environment.clone() }),
                None => Err(Denied::CannotTell),
            };
        }
        if member.roles.iter().any(|role| roles.contains(role)) {
            return Ok(());
        }
        Err(Denied::NeedsRole { environment: environment.clone(), roles: roles.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(roles: &[u64], manages_guild: Option<bool>) -> Member {
        Member {
            id: UserId(1),
            name: "Olga".into(),
            roles: roles.iter().map(|id| RoleId(*id)).collect(),
            manages_guild,
        }
    }

    #[test]
    fn p4_roles_decide_and_managing_the_server_does_not_help_where_roles_are_configured() {
        let authority = Authority { operators: vec![RoleId(7)], ..Authority::default() };
        let production = Environment::new("production");
        assert_eq!(authority.judge(&member(&[3, 7], Some(false)), [&production]), Ok(()));
        let denied = Denied::NeedsRole { environment: production.clone(), roles: vec![RoleId(7)] };
        assert_eq!(authority.judge(&member(&[3], Some(true)), [&production]), Err(denied));
    }

    #[test]
    fn p4_without_roles_only_who_manages_the_server_may_and_unknown_is_no() {
        let authority = Authority::default();
        let production = Environment::new("production");
        assert_eq!(authority.judge(&member(&[], Some(true)), [&production]), Ok(()));
        assert!(matches!(
            authority.judge(&member(&[3], Some(false)), [&production]),
            Err(Denied::NeedsManageServer { .. })
        ));
        assert_eq!(authority.judge(&member(&[3], None), [&production]), Err(Denied::CannotTell));
    }

    #[test]
    fn p4_what_is_about_every_environment_is_for_those_who_may_act_in_one_and_about_none_for_nobody() {
        let (demo, production) = (Environment::new("demo"), Environment::new("production"));
        let authority = Authority {
            operators: vec![RoleId(7)],
            by_environment: BTreeMap::from([(production.clone(), vec![RoleId(9)])]),
        };
        assert_eq!(authority.judge_any(&member(&[9], None), [&demo, &production]), Ok(()));
        assert!(authority.judge_any(&member(&[8], None), [&demo, &production]).is_err());
        assert_eq!(authority.judge_any(&member(&[7, 9], Some(true)), []), Err(Denied::CannotTell));
    }

    #[test]
    fn p4_a_redeploy_is_judged_in_source_and_target() {
        let (demo, production) = (Environment::new("demo"), Environment::new("production"));
        let authority = Authority {
            operators: vec![RoleId(7)],
            by_environment: BTreeMap::from([(production.clone(), vec![RoleId(9)])]),
        };
        assert_eq!(authority.judge(&member(&[7, 9], None), [&demo, &production]), Ok(()));
        assert!(authority.judge(&member(&[7], None), [&demo, &production]).is_err());
        assert!(authority.judge(&member(&[9], None), [&demo, &production]).is_err());
    }
}
