//! The yardstick: a bare serenity bot, which answers a command with "pong" and does nothing else; and, so that it can be told
//! what the length of an answer costs whoever gives and takes it, with answers as long as ours.

use serde_json::value::RawValue;
use serenity::all::*;
use serenity::async_trait;
use serenity::http::HttpBuilder;

/// The word on the command line that makes this program that bot.
pub const WORD: &str = "pong";

/// The settings that hold what it answers to `long`, and what it offers there: bodies of first answers.
pub const SAYS: &str = "PONG_SAYS";
pub const OFFERS: &str = "PONG_OFFERS";

struct Pong {
    guild: GuildId,
    says: Box<RawValue>,
    offers: Box<RawValue>,
}

#[async_trait]
impl EventHandler for Pong {
    async fn ready(&self, context: Context, _: Ready) {
        let typed = CreateCommandOption::new(CommandOptionType::String, "typed", "Offers much").set_autocomplete(true);
        let commands = vec![
            CreateCommand::new("ping").description("Answers pong"),
            CreateCommand::new("long").description("Answers much").add_option(typed),
        ];
        self.guild.set_commands(&context.http, commands).await.unwrap();
    }

    async fn interaction_create(&self, context: Context, interaction: Interaction) {
        let long = async |command: &CommandInteraction, body: &RawValue| {
            context.http.create_interaction_response(command.id, &command.token, &body, Vec::new()).await.unwrap();
        };
        match interaction {
            Interaction::Command(command) if command.data.name == "long" => long(&command, &self.says).await,
            Interaction::Autocomplete(command) => long(&command, &self.offers).await,
            Interaction::Command(command) => {
                let message = CreateInteractionResponseMessage::new().content("pong").ephemeral(true);
                command.create_response(&context.http, CreateInteractionResponse::Message(message)).await.unwrap();
            }
            _ => {}
        }
    }
}

/// Runs it, at the address that the sandbox's settings name, until it is killed.
pub async fn run() {
    let setting = |name: &str| std::env::var(name).unwrap();
    let http = HttpBuilder::new(setting("DISCORD_TOKEN")).proxy(setting("DISCORD_API_URL")).ratelimiter_disabled(true);
    let guild = GuildId::new(setting("DISCORD_GUILD_ID").parse().unwrap());
    let body = |name: &str| {
        std::env::var(name).map_or_else(|_| RawValue::NULL.to_owned(), |text| RawValue::from_string(text).unwrap())
    };
    let pong = Pong { guild, says: body(SAYS), offers: body(OFFERS) };
    let client = ClientBuilder::new_with_http(http.build(), GatewayIntents::GUILDS).event_handler(pong);
    client.await.unwrap().start().await.unwrap();
}
