//! The yardstick: a bare serenity bot, which answers every command with "pong" and does nothing else.

use serenity::all::*;
use serenity::async_trait;
use serenity::http::HttpBuilder;

/// The word on the command line that makes this program that bot.
pub const WORD: &str = "pong";

struct Pong(GuildId);

#[async_trait]
impl EventHandler for Pong {
    async fn ready(&self, context: Context, _: Ready) {
        let command = CreateCommand::new("ping").description("Answers pong");
        self.0.set_commands(&context.http, vec![command]).await.unwrap();
    }

    async fn interaction_create(&self, context: Context, interaction: Interaction) {
        if let Interaction::Command(command) = interaction {
            let message = CreateInteractionResponseMessage::new().content("pong").ephemeral(true);
            command.create_response(&context.http, CreateInteractionResponse::Message(message)).await.unwrap();
        }
    }
}

/// Runs it, at the address that the sandbox's settings name, until it is killed.
pub async fn run() {
    let setting = |name: &str| std::env::var(name).unwrap();
    let http = HttpBuilder::new(setting("DISCORD_TOKEN")).proxy(setting("DISCORD_API_URL")).ratelimiter_disabled(true);
    let guild = GuildId::new(setting("DISCORD_GUILD_ID").parse().unwrap());
    let client = ClientBuilder::new_with_http(http.build(), GatewayIntents::GUILDS).event_handler(Pong(guild));
    client.await.unwrap().start().await.unwrap();
}
